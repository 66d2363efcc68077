//! Loads a company folder exactly as the set-up of the tenant says (`docs/company-setup.md`).

mod applications;

use std::collections::HashMap;

use super::document::{DIMENSIONS, Document, Line, Rule, STATISTICAL, rule_of};
use super::period::Period;
use super::post::Place;
use super::schema::{
    APBILL, ARINVOICE, CLASS, CUSTOMER, DEPARTMENT, EMPLOYEE, EXCHANGERATETYPES, FIRST_CUSTOM,
    GLACCOUNT, GLJOURNAL, ITEM, LOCATION, LOCATIONENTITY, PROJECT, REPORTINGPERIOD, STATACCOUNT,
    TableId, USERINFO, VENDOR,
};
use super::table::INLINE;
use super::{Account, Books, Entity, Stamp};
use crate::company::{CompanyError, CompanyFolder, Row, Table};
use crate::intacct::amount::Amount;
use crate::intacct::moment;
use crate::intacct::options::IntacctOptions;

/// Journals: symbol, title, module, adjusting, statistical.
const JOURNALS: [(&str, &str, &str, bool, bool); 17] = [
    ("GJ", "General journal", "2.GL", false, false),
    ("OBJ", "Opening balances", "2.GL", false, false),
    ("ADJJ", "Adjusting journal", "2.GL", true, false),
    ("STJ", "Statistical journal", "2.GL", false, true),
    ("APJ", "Bills", "3.AP", false, false),
    ("APADJ", "Vendor credits", "3.AP", false, false),
    ("CDJ", "Payments", "3.AP", false, false),
    ("ARJ", "Invoices", "4.AR", false, false),
    ("ARADJ", "Credit memos", "4.AR", false, false),
    ("CRJ", "Receipts", "4.AR", false, false),
    ("EEJ", "Expense reports", "6.EE", false, false),
    ("TSJ", "Timesheets", "48.PROJACCT", false, false),
    ("CNJ", "Contracts", "55.CONTRACT", false, false),
    ("ICJ", "Inter-entity", "2.GL", false, false),
    ("RVJ", "Currency revaluation", "2.GL", false, false),
    ("INJ", "Shipments", "7.INV", false, false),
    ("PYRJ", "Payroll", "2.GL", false, false),
];

/// Loads the whole folder.
///
/// # Errors
/// [`CompanyError`] with file and line for anything missing, malformed or out of balance.
pub(in crate::intacct) fn load(
    folder: &CompanyFolder,
    options: IntacctOptions,
) -> Result<Books, CompanyError> {
    let mut custom = Vec::new();
    each(folder, "master/dimensions.csv", |row| {
        if row.get("kind")? == "custom" {
            let column = row.get("dimension")?.to_owned();
            custom.push((column.to_uppercase(), column));
        }
        Ok(())
    })?;
    let mut books = Books::new(custom, options);
    books.newest = moment::moment_from_iso("2000-01-01T00:00:00Z").unwrap_or(1);
    load_set_up(&mut books, folder)?;
    load_masters(&mut books, folder)?;
    load_openings(&mut books, folder)?;
    load_documents(&mut books, folder)?;
    applications::load(&mut books, folder)?;
    books.settle();
    Ok(books)
}

fn each(
    folder: &CompanyFolder,
    name: &str,
    mut f: impl FnMut(&Row<'_>) -> Result<(), CompanyError>,
) -> Result<(), CompanyError> {
    let mut table = folder.table(name)?;
    while let Some(row) = table.next_row()? {
        f(&row)?;
    }
    Ok(())
}

fn day(row: &Row<'_>, column: &str) -> Result<u32, CompanyError> {
    let text = row.get(column)?;
    moment::day_from_iso(text)
        .ok_or_else(|| row.wrong(format!("{column}: {text:?} is no date, write YYYY-MM-DD")))
}

fn amount(row: &Row<'_>, column: &str) -> Result<Amount, CompanyError> {
    let text = row.get(column)?;
    Amount::parse(text)
        .ok_or_else(|| row.wrong(format!("{column}: {text:?} is no plain decimal number")))
}

fn load_set_up(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    load_entities(books, folder)?;
    load_periods(books, folder)?;
    add_what_every_tenant_has(books);
    load_accounts(books, folder)
}

fn load_entities(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    each(folder, "master/entities.csv", |row| {
        let (id, name, currency) = (
            row.get("entity_id")?.to_owned(),
            row.get("name")?.to_owned(),
            row.get("base_currency")?.to_owned(),
        );
        let cell = books.word(&id);
        let fields = [
            ("LOCATIONID", cell),
            ("NAME", books.word(&name)),
            ("CURRENCY", books.word(&currency)),
            ("STATUS", books.word("active")),
            ("FIRSTMONTH", INLINE | 1),
            ("HAS_IE_RELATION", books.word("true")),
            ("LEGALNAME", books.word(&name)),
        ];
        books.insert(LOCATIONENTITY, &fields);
        books.insert(LOCATION, &fields);
        books.entities.push(Entity {
            id,
            cell,
            name,
            currency,
        });
        Ok(())
    })
}

fn load_periods(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    each(folder, "master/periods.csv", |row| {
        let text = row.get("fiscal_year")?;
        let fiscal_year = text
            .parse()
            .map_err(|_| row.wrong(format!("fiscal_year: {text:?} is no year")))?;
        books.periods.push(Period {
            name: row.get("period")?.to_owned(),
            fiscal_year,
            start: day(row, "start_date")?,
            end: day(row, "end_date")?,
            adjusting: row.get("kind")? == "adjusting",
        });
        Ok(())
    })?;
    books.periods.sort_by_key(|p| (p.end, p.adjusting));
    for period in books.periods.clone() {
        let fields = [
            ("NAME", books.word(&period.name)),
            ("HEADER1", books.word(&period.name)),
            ("START_DATE", INLINE | period.start),
            ("END_DATE", INLINE | period.end),
            ("BUDGETING", books.word("false")),
            ("STATUS", books.word("active")),
        ];
        books.insert(REPORTINGPERIOD, &fields);
    }
    Ok(())
}

/// Journals, users and the exchange rate type, which no company folder describes.
fn add_what_every_tenant_has(books: &mut Books) {
    for (symbol, title, module, adjusting, statistical) in JOURNALS.iter().take(16) {
        let fields = [
            ("SYMBOL", books.word(symbol)),
            ("TITLE", books.word(title)),
            ("BOOKID", books.word("ACCRUAL")),
            ("ADJ", books.word(if *adjusting { "true" } else { "false" })),
            (
                "STATISTICAL",
                books.word(if *statistical { "true" } else { "false" }),
            ),
            ("STATUS", books.word("active")),
            ("_MODULE", books.word(module)),
        ];
        books.insert(GLJOURNAL, &fields);
    }
    for (login, kind, only_api) in [
        ("ws_tieout", "business user", "true"),
        ("bookkeeper", "business user", "false"),
    ] {
        let fields = [
            ("LOGINID", books.word(login)),
            ("USERTYPE", books.word(kind)),
            ("LOGINDISABLED", books.word(only_api)),
            ("STATUS", books.word("active")),
        ];
        books.insert(USERINFO, &fields);
    }
    let fields = [
        ("NAME", books.word("spot")),
        ("ISDEFAULT", books.word("true")),
        ("STATUS", books.word("active")),
    ];
    books.insert(EXCHANGERATETYPES, &fields);
}

fn load_accounts(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    each(folder, "master/accounts_intacct.csv", |row| {
        let class = row.get("class")?;
        let statistical = class == "statistical";
        let closes = row.get("closes_to_retained_earnings")? == "Y";
        let cell = books.word(row.get("account")?);
        books.accounts.insert(
            cell,
            Account {
                closes,
                statistical,
            },
        );
        let result = matches!(class, "revenue" | "expense");
        let fields = [
            ("ACCOUNTNO", cell),
            ("TITLE", books.word(row.get("name")?)),
            (
                "ACCOUNTTYPE",
                books.word(if result {
                    "incomestatement"
                } else {
                    "balancesheet"
                }),
            ),
            (
                "NORMALBALANCE",
                books.word(if row.get("normal_side")? == "C" {
                    "credit"
                } else {
                    "debit"
                }),
            ),
            (
                "CLOSINGTYPE",
                books.word(if closes {
                    "closing account"
                } else {
                    "non-closing account"
                }),
            ),
            ("CATEGORY", books.word(class)),
            ("STATUS", books.word("active")),
            ("_CLASS", books.word(class)),
        ];
        books.insert(if statistical { STATACCOUNT } else { GLACCOUNT }, &fields);
        Ok(())
    })?;
    for (id, account) in [
        (APBILL, books.options.payables_account.clone()),
        (ARINVOICE, books.options.receivables_account.clone()),
    ] {
        let cell = books.word(&account);
        if books.accounts.contains_key(&cell) {
            books.control_accounts.entry(id).or_default().insert(cell);
        }
    }
    Ok(())
}

fn load_masters(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    let mut plan: Vec<(String, TableId, &str, &str)> = vec![
        ("master/vendors.csv".to_owned(), VENDOR, "VENDORID", "NAME"),
        (
            "master/customers.csv".to_owned(),
            CUSTOMER,
            "CUSTOMERID",
            "NAME",
        ),
        (
            "master/department.csv".to_owned(),
            DEPARTMENT,
            "DEPARTMENTID",
            "TITLE",
        ),
        ("master/class.csv".to_owned(), CLASS, "CLASSID", "NAME"),
        (
            "master/project.csv".to_owned(),
            PROJECT,
            "PROJECTID",
            "NAME",
        ),
        (
            "master/employee.csv".to_owned(),
            EMPLOYEE,
            "EMPLOYEEID",
            "PERSONALINFO.CONTACTNAME",
        ),
        ("master/item.csv".to_owned(), ITEM, "ITEMID", "NAME"),
    ];
    for (at, (_, column)) in books.custom.iter().enumerate() {
        plan.push((
            format!("master/{column}.csv"),
            FIRST_CUSTOM + at,
            "id",
            "name",
        ));
    }
    for (file, id, key, name) in plan {
        if !folder.has(&file) {
            continue;
        }
        each(folder, &file, |row| {
            let optional = |c: &str| row.find(c).unwrap_or_default().to_owned();
            let terms = optional("terms_days");
            let terms = if terms.is_empty() {
                terms
            } else {
                format!("N{terms}")
            };
            let fields = [
                (key, books.word(row.get("id")?)),
                (name, books.word(row.get("name")?)),
                ("STATUS", books.word("active")),
                ("CURRENCY", books.word(&optional("currency"))),
                ("TERMNAME", books.word(&terms)),
                ("TAXID", books.word(&optional("tax_id"))),
                ("ACHACCOUNTNUMBER", books.word(&optional("bank_account"))),
            ];
            books.insert(id, &fields);
            Ok(())
        })?;
    }
    Ok(())
}

fn load_openings(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    if !folder.has("inputs/opening_balances.csv") {
        return Ok(());
    }
    let first = books.periods.iter().find(|p| !p.adjusting).map(|p| p.end);
    let mut by_entity: Vec<(u32, Vec<Line>)> = Vec::new();
    each(folder, "inputs/opening_balances.csv", |row| {
        let balance = amount(row, "balance")?;
        if balance.is_zero() {
            return Ok(());
        }
        let entity = books.word(row.get("entity_id")?);
        let line = Line {
            entity,
            account: books.word(row.get("account")?),
            currency: books.word(row.get("currency")?),
            trx: balance,
            rate: books.word("1"),
            base: balance,
            dims: [entity, 0, 0, 0, 0, 0, 0, 0],
            ..Line::default()
        };
        match by_entity.iter_mut().find(|(e, _)| *e == entity) {
            Some((_, lines)) => lines.push(line),
            None => by_entity.push((entity, vec![line])),
        }
        Ok(())
    })?;
    let bad = |what: String| CompanyError::Bad {
        path: folder.root().join("inputs/opening_balances.csv"),
        line: 1,
        what,
    };
    for (entity, lines) in by_entity {
        let id = format!("OPENING-{}", books.pool.get(entity));
        let (Some(rule), Some(date)) = (rule_of("opening"), first) else {
            return Err(bad("no regular period to open the books in".to_owned()));
        };
        let doc = Document {
            id: books.word(&id),
            rule,
            date,
            gl_date: date,
            adjusting: false,
            entity,
            currency: lines.first().map_or(0, |l| l.currency),
            due: 0,
            party: 0,
            reference: 0,
            reverses: 0,
            description: books.word("Opening balances"),
            supdoc: 0,
            journal: 0,
            lines,
        };
        let stamp = loaded_at(end_of(date));
        books.write(&doc, &Place::default(), stamp).map_err(bad)?;
    }
    Ok(())
}

/// The last moment of a day.
fn end_of(date: u32) -> u32 {
    let seconds = jiff::civil::Time::MAX;
    let stamp = jiff::tz::Offset::UTC.to_timestamp(moment::civil(date).to_datetime(seconds));
    stamp
        .ok()
        .and_then(|s| moment::moment_from_unix(s.as_second()))
        .unwrap_or(1)
}

/// What the folder holds was typed by the bookkeeper.
fn loaded_at(moment: u32) -> Stamp {
    Stamp {
        moment,
        user: 2,
        source: "ui",
        audited: false,
    }
}

/// Reads lines document by document; keeps what comes before its document.
struct Lines {
    table: Table,
    waiting: HashMap<u32, (u64, Vec<Line>)>,
    next: Option<(u32, Line)>,
}

impl Lines {
    fn take(&mut self, books: &mut Books, id: u32) -> Result<Vec<Line>, CompanyError> {
        if let Some((_, lines)) = self.waiting.remove(&id) {
            return Ok(lines);
        }
        loop {
            let (group, first) = match self.next.take() {
                Some(held) => held,
                None => match self.read(books)? {
                    Some(line) => line,
                    None => return Ok(Vec::new()),
                },
            };
            let mut lines = vec![first];
            while let Some((of, line)) = self.read(books)? {
                if of != group {
                    self.next = Some((of, line));
                    break;
                }
                lines.push(line);
            }
            if group == id {
                return Ok(lines);
            }
            self.waiting.entry(group).or_default().1.extend(lines);
        }
    }

    fn read(&mut self, books: &mut Books) -> Result<Option<(u32, Line)>, CompanyError> {
        match self.table.next_row()? {
            Some(row) => Ok(Some((
                books.word(row.get("document_id")?),
                line(books, &row)?,
            ))),
            None => Ok(None),
        }
    }
}

fn line(books: &mut Books, row: &Row<'_>) -> Result<Line, CompanyError> {
    let trx = amount(row, "txn_debit")? - amount(row, "txn_credit")?;
    let base = amount(row, "base_debit")? - amount(row, "base_credit")?;
    let entity = books.word(row.get("entity_id")?);
    let mut dims = [0; 8];
    for (at, (column, _, _)) in DIMENSIONS.iter().enumerate() {
        dims[at] = books.word(row.find(column).unwrap_or_default());
    }
    if dims[0] == 0 {
        dims[0] = entity;
    }
    let mut custom = Vec::new();
    for at in 0..books.custom.len() {
        let cell = row.find(&books.custom[at].1).unwrap_or_default().to_owned();
        custom.push(books.word(&cell));
    }
    if custom.iter().all(|c| *c == 0) {
        custom = Vec::new();
    }
    let currency = row.get("txn_currency")?;
    Ok(Line {
        entity,
        account: books.word(row.get("account")?),
        affiliate: books.word(row.find("affiliate_entity").unwrap_or_default()),
        currency: books.word(currency),
        trx,
        rate: books.word(row.get("exchange_rate")?),
        base,
        statistical: currency == STATISTICAL,
        dims,
        custom,
        memo: books.word(row.find("memo").unwrap_or_default()),
    })
}

fn document(
    books: &mut Books,
    row: &Row<'_>,
    (id, rule, adjusting): (u32, Rule, bool),
    lines: Vec<Line>,
) -> Result<Document, CompanyError> {
    let due = if row.get("due_date")?.is_empty() {
        0
    } else {
        day(row, "due_date")?
    };
    Ok(Document {
        id,
        rule,
        date: day(row, "document_date")?,
        gl_date: day(row, "gl_date")?,
        adjusting,
        entity: books.word(row.get("entity_id")?),
        currency: books.word(row.get("currency")?),
        due,
        party: books.word(row.get("party_id")?),
        reference: books.word(row.get("reference")?),
        reverses: books.word(row.get("reverses_document_id")?),
        description: books.word(row.get("description")?),
        supdoc: 0,
        journal: 0,
        lines,
    })
}

fn load_documents(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    let table = folder.table("inputs/document_lines.csv")?;
    let mut lines = Lines {
        table,
        waiting: HashMap::new(),
        next: None,
    };
    let mut later: Vec<(Vec<u32>, u32)> = Vec::new();
    each(folder, "inputs/documents.csv", |row| {
        let kind = row.get("type")?;
        let rule = rule_of(kind).ok_or_else(|| {
            row.wrong(format!("type: {kind:?} is no kind of document known here"))
        })?;
        let id = books.word(row.get("document_id")?);
        if rule.journal.is_empty() {
            return Ok(());
        }
        let name = row.get("period")?;
        let period = books
            .period(name)
            .ok_or_else(|| row.wrong(format!("period: no period {name:?}")))?;
        let created = row.get("created_at")?;
        let moment = moment::moment_from_iso(created)
            .ok_or_else(|| row.wrong(format!("created_at: {created:?} is no instant")))?;
        books.newest = books.newest.max(moment);
        let adjusting = books.periods[period].adjusting;
        let lines = lines.take(books, id)?;
        let doc = document(books, row, (id, rule, adjusting), lines)?;
        let place = books
            .write(&doc, &Place::default(), loaded_at(moment))
            .map_err(|what| row.wrong(what))?;
        let linked = |b: &u32| books.cell(super::schema::GLBATCH, *b, "REVERSEDFROM") != 0;
        if doc.reverses != 0 && !place.batches.iter().all(linked) {
            later.push((place.batches, doc.reverses));
        }
        Ok(())
    })?;
    for (batches, reversed) in later {
        books.link_reversal(&batches, reversed);
    }
    let unknown = lines
        .next
        .map(|(id, _)| id)
        .or_else(|| lines.waiting.keys().min().copied());
    match unknown {
        Some(id) => Err(CompanyError::Bad {
            path: folder.root().join("inputs/document_lines.csv"),
            line: 1,
            what: format!(
                "document_id: {:?} has lines but no document",
                books.pool.get(id)
            ),
        }),
        None => Ok(()),
    }
}
