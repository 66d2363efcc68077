//! What the tenant says about itself: `lookup`, `inspect`, `getDimensions`, set-up and permissions (intacct-xml.md §2.3).

use super::row_of;
use crate::intacct::books::Books;
use crate::intacct::books::period::Period;
use crate::intacct::books::schema::{self, FIRST_CUSTOM, TableId, USERINFO};
use crate::intacct::books::table::Kind;
use crate::intacct::fault::Fault;
use crate::intacct::xml::{Element, escape, tag};

/// `lookup`: fields and relations of one object, whatever the user may read (§2.3 [C]).
///
/// # Errors
/// `Query Failed` for an unknown object.
pub(in crate::intacct) fn lookup(books: &Books, call: &Element) -> Result<(String, usize), Fault> {
    let name = call.of("object");
    let id = books.object(name).ok_or_else(|| Fault::no_object(name))?;
    let table = books.table(id);
    let mut out = format!(
        "<data listtype=\"All\" count=\"1\"><Type Name=\"{}\" DocumentType=\"\"><Fields>",
        escape(&table.name)
    );
    for column in table.columns.iter().filter(|c| !c.name.starts_with('_')) {
        let kind = books.kind_of(id, &column.name).unwrap_or(Kind::Text);
        out.push_str("<Field>");
        tag(&mut out, "ID", &column.name);
        tag(&mut out, "LABEL", &column.name);
        tag(&mut out, "DESCRIPTION", &column.name);
        tag(
            &mut out,
            "REQUIRED",
            if column.name == table.key {
                "true"
            } else {
                "false"
            },
        );
        tag(
            &mut out,
            "READONLY",
            if column.name == "RECORDNO" {
                "true"
            } else {
                "false"
            },
        );
        tag(&mut out, "DATATYPE", datatype(kind));
        let labels = schema::labels(id, &column.name);
        if !labels.is_empty() {
            out.push_str("<VALIDVALUES>");
            for (label, _) in labels {
                tag(&mut out, "VALIDVALUE", label);
            }
            out.push_str("</VALIDVALUES>");
        }
        tag(
            &mut out,
            "ISCUSTOM",
            if column.name.starts_with("GLDIM") {
                "true"
            } else {
                "false"
            },
        );
        out.push_str("</Field>");
    }
    out.push_str("</Fields><Relationships>");
    out.push_str(&relations(books, id));
    out.push_str("</Relationships></Type></data>");
    Ok((out, 1))
}

fn datatype(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Integer => "INTEGER",
        Kind::Decimal => "DECIMAL",
        Kind::Date => "DATE",
        Kind::Timestamp => "TIMESTAMP",
        Kind::Boolean => "BOOLEAN",
        Kind::Enum => "ENUM",
    }
}

fn relations(books: &Books, id: TableId) -> String {
    let names = [
        "GLBATCH",
        "GLJOURNAL",
        "APBILL",
        "APADJUSTMENT",
        "APPYMT",
        "ARINVOICE",
        "ARADJUSTMENT",
        "ARPYMT",
        "VENDOR",
        "CUSTOMER",
        "LOCATION",
        "DEPARTMENT",
        "PROJECT",
        "EMPLOYEE",
        "ITEM",
        "CLASS",
        "GLACCOUNT",
        "PARENT",
    ];
    let mut out = String::new();
    for name in names {
        let Some((local, target, _)) = schema::relation(Books::base(id), name) else {
            continue;
        };
        if books.table(id).column(local).is_none() || (target == id && name != "PARENT") {
            continue;
        }
        out.push_str("<Relationship>");
        tag(&mut out, "OBJECTPATH", name);
        tag(&mut out, "OBJECTNAME", &books.table(target).name);
        tag(&mut out, "LABEL", name);
        tag(&mut out, "RELATIONSHIPTYPE", "MANY2ONE");
        tag(&mut out, "RELATEDBY", local);
        out.push_str("</Relationship>");
    }
    out
}

/// `inspect`: the list of objects, or the fields of one with `detail="1"`.
///
/// # Errors
/// `Query Failed` for an unknown object.
pub(in crate::intacct) fn inspect(books: &Books, call: &Element) -> Result<(String, usize), Fault> {
    let name = if call.child("name").is_some() {
        call.of("name")
    } else {
        call.of("object")
    };
    if name == "*" || name.is_empty() {
        let mut out = String::from("<data listtype=\"All\" count=\"1\">");
        for id in books.objects() {
            let name = escape(&books.table(id).name);
            out.push_str(&format!(
                "<type typename='{}'>{name}</type>",
                name.to_lowercase()
            ));
        }
        out.push_str("</data>");
        return Ok((out, 1));
    }
    let id = books.object(name).ok_or_else(|| Fault::no_object(name))?;
    let table = books.table(id);
    let mut out = format!(
        "<data listtype=\"All\" count=\"1\"><Type Name=\"{}\"><Fields>",
        escape(&table.name)
    );
    let detail = call.attribute("detail") == Some("1");
    for column in table.columns.iter().filter(|c| !c.name.starts_with('_')) {
        if !detail {
            tag(&mut out, "Field", &column.name);
            continue;
        }
        out.push_str("<Field>");
        tag(&mut out, "Name", &column.name);
        tag(
            &mut out,
            "externalDataName",
            datatype(books.kind_of(id, &column.name).unwrap_or(Kind::Text)),
        );
        tag(
            &mut out,
            "isRequired",
            if column.name == table.key {
                "true"
            } else {
                "false"
            },
        );
        out.push_str("</Field>");
    }
    out.push_str("</Fields></Type></data>");
    Ok((out, 1))
}

/// `getDimensions`.
pub(in crate::intacct) fn dimensions(books: &Books) -> (String, usize) {
    let standard = [
        ("LOCATION", "Location"),
        ("DEPARTMENT", "Department"),
        ("PROJECT", "Project"),
        ("CUSTOMER", "Customer"),
        ("VENDOR", "Vendor"),
        ("EMPLOYEE", "Employee"),
        ("ITEM", "Item"),
        ("CLASS", "Class"),
    ];
    let custom = (0..books.custom.len()).map(|at| books.table(FIRST_CUSTOM + at).name.clone());
    let all = standard
        .iter()
        .map(|(name, label)| ((*name).to_owned(), (*label).to_owned(), false))
        .chain(custom.map(|name| (name.clone(), name, true)));
    let mut out = String::from("<data listtype=\"dimensions\"><dimensions>");
    let mut count = 0;
    for (name, label, own) in all {
        count += 1;
        out.push_str("<dimension>");
        tag(&mut out, "objectName", &name);
        tag(&mut out, "objectLabel", &label);
        tag(&mut out, "termLabel", &label);
        tag(
            &mut out,
            "userDefinedDimension",
            if own { "true" } else { "false" },
        );
        tag(&mut out, "enabledInGL", "true");
        out.push_str("</dimension>");
    }
    out.push_str("</dimensions></data>");
    (out, count)
}

/// `readUserFormatting` of a user's RECORDNO.
///
/// # Errors
/// A fault for an unknown user.
pub(in crate::intacct) fn user_formatting(
    books: &Books,
    call: &Element,
) -> Result<(String, usize), Fault> {
    let key = call.of("key");
    row_of(books, USERINFO, key)
        .ok_or_else(|| Fault::business(&format!("User {key} does not exist")))?;
    let offset = books.options.user_offset_minutes;
    let sign = if offset < 0 { "-" } else { "+" };
    let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
    let mut out = String::from("<data><userformatting>");
    tag(&mut out, "locale", "en_US");
    tag(&mut out, "dateformat", "/mdY");
    tag(
        &mut out,
        "gmtoffset",
        &format!("{sign}{hours:02}:{minutes:02}"),
    );
    tag(&mut out, "clock", "24");
    out.push_str("</userformatting></data>");
    Ok((out, 1))
}

/// `getFinancialSetup`.
pub(in crate::intacct) fn financial_setup(books: &Books) -> (String, usize) {
    let mut currencies: Vec<&str> = books.entities.iter().map(|e| e.currency.as_str()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let several = currencies.len() > 1;
    let mut out = String::from("<data listtype=\"financialsetup\" count=\"1\"><financialSetup>");
    tag(
        &mut out,
        "baseCurrency",
        if several {
            ""
        } else {
            currencies.first().copied().unwrap_or("")
        },
    );
    tag(&mut out, "defaultBook", "ACCRUAL");
    tag(
        &mut out,
        "firstFiscalMonth",
        &first_month(&books.periods).to_string(),
    );
    tag(
        &mut out,
        "multiBaseCurrency",
        if several { "true" } else { "false" },
    );
    tag(&mut out, "multiBook", "false");
    tag(&mut out, "multiCurrency", "true");
    tag(&mut out, "multiEntityShared", "true");
    out.push_str("</financialSetup></data>");
    (out, 1)
}

fn first_month(periods: &[Period]) -> i8 {
    let turn = periods.windows(2).find_map(|pair| match pair {
        [a, b] if a.fiscal_year != b.fiscal_year => Some(b.start),
        _ => None,
    });
    turn.or_else(|| periods.first().map(|p| p.start))
        .map_or(1, |day| crate::intacct::moment::civil(day).month())
}

/// `readEntityDetails`: the entities the user sees.
pub(in crate::intacct) fn entity_details(books: &Books) -> (String, usize) {
    let mut out = String::from("<data listtype=\"entitydetails\"><entityDetails>");
    for (at, entity) in books.entities.iter().enumerate() {
        out.push_str("<entity>");
        tag(&mut out, "id", &entity.id);
        tag(&mut out, "name", &entity.name);
        tag(&mut out, "recordno", &(at + 1).to_string());
        tag(&mut out, "currency", &entity.currency);
        let month = first_month(&books.periods).to_string();
        tag(&mut out, "firstFiscalMonth", &month);
        tag(&mut out, "firstTaxMonth", &month);
        out.push_str("</entity>");
    }
    out.push_str("</entityDetails></data>");
    (out, books.entities.len())
}

/// `getUserPermissions` of a user id.
///
/// # Errors
/// A fault for an unknown user.
pub(in crate::intacct) fn permissions(
    books: &Books,
    call: &Element,
) -> Result<(String, usize), Fault> {
    let user = call.of("userId");
    if !user.is_empty() && books.find(USERINFO, "LOGINID", user).is_none() {
        return Err(Fault::business(&format!("User {user} does not exist")));
    }
    let mut out = String::from("<data><permissions>");
    for (application, policies) in [
        ("General Ledger", ["Journal Entries", "Accounts"]),
        ("Accounts Payable", ["Bills", "Vendors"]),
        ("Accounts Receivable", ["Invoices", "Customers"]),
        ("Customization Services", ["Custom Reports", "Audit Trail"]),
    ] {
        out.push_str("<appSubscription>");
        tag(&mut out, "applicationName", application);
        out.push_str("<policies>");
        for policy in policies {
            out.push_str("<policy>");
            tag(&mut out, "policyName", policy);
            tag(&mut out, "rights", "List|View|Add|Edit|Delete");
            out.push_str("</policy>");
        }
        out.push_str("</policies></appSubscription>");
    }
    out.push_str("</permissions></data>");
    Ok((out, 1))
}

/// The name of a function for the call log: itself and the object it is about.
pub(in crate::intacct) fn operation(call: &Element) -> String {
    let mut subject = call.of("object");
    if subject.is_empty() {
        subject = call.attribute("object").unwrap_or("");
    }
    if subject.is_empty() && matches!(call.name.as_str(), "create" | "update") {
        subject = call.children.first().map_or("", |c| c.name.as_str());
    }
    format!("{} {subject}", call.name).trim().to_owned()
}
