//! What stands where in a legacy function (intacct-xml.md §3.2 [V][D-xsd]): fixed order, nothing twice, one of two alternatives.

use crate::intacct::xml::Element;

const BILL: &str = "vendorid datecreated dateposted datedue termname action batchkey billno ponumber onhold description \
    externalid payto returnto basecurr currency exchratedate exchratetype exchrate nogl supdocid customfields billitems \
    updatebillitems";
const BILL_LINE: &str = "accountlabel glaccountno offsetglaccountno amount allocationid memo locationid departmentid item1099 \
    form1099type form1099box key totalpaid totaldue customfields projectid customerid vendorid employeeid itemid classid \
    contractid warehouseid billable";
const INVOICE: &str = "customerid datecreated dateposted datedue termname action batchkey invoiceno ponumber onhold description \
    externalid billto shipto basecurr currency exchratedate exchratetype exchrate nogl supdocid customfields invoiceitems \
    updateinvoiceitems";
const INVOICE_LINE: &str = "accountlabel glaccountno offsetglaccountno amount allocationid memo locationid departmentid key totalpaid \
    totaldue customfields revrectemplate defrevaccount revrecstartdate revrecenddate projectid customerid vendorid employeeid \
    itemid classid contractid warehouseid";
/// As `@intacct/intacct-sdk` 2.2.1 writes it.
const ADJUSTMENT: &str = "vendorid datecreated dateposted batchkey adjustmentno action billno description externalid basecurr currency \
    exchratedate exchratetype exchrate nogl customfields apadjustmentitems";
const JOURNAL: &str = "journalid datecreated reversedate description referenceno sourceentity customfields gltransactionentries";
const ENTRY: &str = "trtype amount glaccountno document datecreated memo locationid departmentid customerid vendorid employeeid \
    projectid itemid classid contractid warehouseid customfields recon_date currency exchratedate exchratetype exchrate";
const REVERSAL: &str = "datereversed description";
const DATES: [&str; 5] = [
    "datecreated",
    "dateposted",
    "datedue",
    "datereversed",
    "reversedate",
];

/// One function: order of its children, those it must have (`|` between alternatives), lists of lines, order and must of a line.
struct Shape {
    order: &'static str,
    needed: &'static [&'static str],
    lists: &'static [(&'static str, &'static [&'static str])],
    line: &'static str,
    line_needed: &'static [&'static str],
}

fn shape(function: &str) -> Option<Shape> {
    const ACCOUNT: &[&str] = &["accountlabel|glaccountno", "amount"];
    let made = |order, needed, lists, line, line_needed| Shape {
        order,
        needed,
        lists,
        line,
        line_needed,
    };
    Some(match function {
        "create_bill" => made(
            BILL,
            &["vendorid", "datecreated", "datedue|termname", "billitems"],
            &[("billitems", &["lineitem"])],
            BILL_LINE,
            ACCOUNT,
        ),
        "update_bill" => made(
            BILL,
            &[],
            &[("updatebillitems", &["updatelineitem", "lineitem"])],
            BILL_LINE,
            &[],
        ),
        "create_invoice" => made(
            INVOICE,
            &[
                "customerid",
                "datecreated",
                "datedue|termname",
                "invoiceitems",
            ],
            &[("invoiceitems", &["lineitem"])],
            INVOICE_LINE,
            ACCOUNT,
        ),
        "update_invoice" => made(
            INVOICE,
            &[],
            &[("updateinvoiceitems", &["updatelineitem", "lineitem"])],
            INVOICE_LINE,
            &[],
        ),
        "create_apadjustment" => made(
            ADJUSTMENT,
            &["vendorid", "datecreated", "apadjustmentitems"],
            &[("apadjustmentitems", &["lineitem"])],
            BILL_LINE,
            ACCOUNT,
        ),
        "create_gltransaction" => made(
            JOURNAL,
            &[
                "journalid",
                "datecreated",
                "description",
                "gltransactionentries",
            ],
            &[("gltransactionentries", &["glentry"])],
            ENTRY,
            &["trtype", "amount", "glaccountno"],
        ),
        "reverse_bill" | "reverse_invoice" => made(REVERSAL, &["datereversed"], &[], "", &[]),
        _ => return None,
    })
}

/// Checks a legacy function, as the gateway's schema does for the whole request.
///
/// # Errors
/// Words naming the first element that is out of place, unknown, there twice or missing.
pub(in crate::intacct) fn check_order(call: &Element) -> Result<(), String> {
    let Some(shape) = shape(&call.name) else {
        return Ok(());
    };
    in_order(call, shape.order, shape.needed)?;
    for (list, names) in shape.lists {
        let rows = call.child(list).into_iter().flat_map(|l| &l.children);
        for row in rows {
            if !names.contains(&row.name.as_str()) {
                return Err(format!(
                    "Element '{}' is not expected in '{list}'",
                    row.name
                ));
            }
            in_order(row, shape.line, shape.line_needed)?;
        }
    }
    Ok(())
}

/// `action` and `batchkey` may change places: the reference and the SDKs disagree (§3.2 [D-xsd][V]).
fn in_order(element: &Element, order: &str, needed: &[&str]) -> Result<(), String> {
    let rank = |name: &str| order.split_whitespace().position(|n| n == name);
    let (mut last, mut seen) = (0, Vec::new());
    for child in &element.children {
        let (name, parent) = (&child.name, &element.name);
        let at =
            rank(name).ok_or_else(|| format!("Element '{name}' is not expected in '{parent}'"))?;
        let swapped = name == "action" && rank("batchkey") == Some(last);
        if at < last && !swapped {
            return Err(format!("Element '{name}' is out of order in '{parent}'"));
        }
        if seen.contains(&at) {
            return Err(format!("Element '{name}' stands twice in '{parent}'"));
        }
        if DATES.contains(&name.as_str()) {
            in_date(child)?;
        }
        seen.push(at);
        last = last.max(at);
    }
    for pair in [
        ["accountlabel", "glaccountno"],
        ["exchratetype", "exchrate"],
    ] {
        if let [Some(_), Some(second)] = pair.map(|n| element.child(n)) {
            let (name, parent) = (&second.name, &element.name);
            return Err(format!("Element '{name}' is not expected in '{parent}'"));
        }
    }
    for names in needed {
        if !names.split('|').any(|n| element.child(n).is_some()) {
            let parent = &element.name;
            return Err(format!("Element '{parent}': Missing child element {names}"));
        }
    }
    Ok(())
}

fn in_date(date: &Element) -> Result<(), String> {
    let names: Vec<&str> = date.children.iter().map(|c| c.name.as_str()).collect();
    if names == ["year", "month", "day"] {
        return Ok(());
    }
    Err(format!(
        "Element '{}': expects year, month and day",
        date.name
    ))
}
