//! `ApInvoicesInterface.csv` and `ApInvoiceLinesInterface.csv` by position, and Import Payables Invoices (fusion.md §6.3 [S-live]).
//!
//! An interface invoice passes the same checks as one posted by REST; a rejected one stays in the interface with its reasons and does not
//! block others. A source or import set that matches no row selects nothing and succeeds.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::fusion::FusionTwin;
use crate::fusion::calendar::{day_text, parse_slashed};
use crate::fusion::fault::Fault;
use crate::fusion::jobs::Outcome;

/// Import option of payables invoices (fusion.md §5.3).
pub(crate) const INVOICES_OPTION: &str = "1";

const HEADER_COLUMNS: usize = 135;
const LINE_COLUMNS: usize = 164;
/// Header columns that go to an attribute as they are.
const HEADER: [(usize, &str); 15] = [
    (2, "BusinessUnit"),
    (4, "InvoiceNumber"),
    (5, "InvoiceAmount"),
    (7, "Supplier"),
    (8, "SupplierNumber"),
    (9, "SupplierSite"),
    (10, "InvoiceCurrency"),
    (11, "PaymentCurrency"),
    (12, "Description"),
    (15, "LegalEntity"),
    (20, "PaymentTerms"),
    (25, "PaymentMethodCode"),
    (34, "ConversionRateType"),
    (36, "ConversionRate"),
    (37, "LiabilityDistribution"),
];
const HEADER_DATES: [(usize, &str); 4] = [
    (6, "InvoiceDate"),
    (21, "TermsDate"),
    (24, "AccountingDate"),
    (35, "ConversionDate"),
];
const LINE: [(usize, &str); 4] = [
    (2, "LineNumber"),
    (4, "LineAmount"),
    (8, "Description"),
    (22, "DistributionCombination"),
];
/// Mandatory columns of each file ([R] beyond the keys).
const HEADER_NEEDED: [(usize, &str); 3] = [(1, "INVOICE_ID"), (3, "SOURCE"), (4, "INVOICE_NUM")];
const LINE_NEEDED: [(usize, &str); 2] = [(1, "INVOICE_ID"), (3, "LINE_TYPE_LOOKUP_CODE")];

/// An invoice waiting in the interface, ready as a REST body.
#[derive(Debug)]
pub(crate) struct Waiting {
    unit: String,
    source: String,
    import_set: String,
    body: Map<String, Json>,
}

fn column(record: &csv::StringRecord, number: usize) -> &str {
    let text = record.get(number - 1).unwrap_or_default().trim();
    if text == "#NULL" { "" } else { text }
}

fn records(
    name: &str,
    bytes: &[u8],
    columns: usize,
    needed: &[(usize, &str)],
) -> Result<Vec<csv::StringRecord>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut out = Vec::new();
    for (place, record) in reader.records().enumerate() {
        let line = place + 1;
        let record = record.map_err(|e| format!("{name} record {line}: {e}."))?;
        let ended =
            record.len() == columns + 1 && record.get(columns).map(str::trim) == Some("END");
        if record.len() != columns && !ended {
            return Err(format!(
                "{name} record {line}: {columns} columns are expected, but {} were found.",
                record.len()
            ));
        }
        if let Some((_, missing)) = needed.iter().find(|(n, _)| column(&record, *n).is_empty()) {
            return Err(format!(
                "{name} record {line}: column {missing}. ORA-01400: cannot insert NULL."
            ));
        }
        out.push(record);
    }
    Ok(out)
}

fn copy(record: &csv::StringRecord, columns: &[(usize, &str)], body: &mut Map<String, Json>) {
    for (number, name) in columns {
        let text = column(record, *number);
        if !text.is_empty() {
            body.insert((*name).to_owned(), json!(text));
        }
    }
}

fn copy_date(
    record: &csv::StringRecord,
    number: usize,
    name: &str,
    body: &mut Map<String, Json>,
) -> Result<(), String> {
    let text = column(record, number);
    if text.is_empty() {
        return Ok(());
    }
    let day = parse_slashed(text)
        .ok_or_else(|| format!("{name}: ORA-01861: {text} doesn't match YYYY/MM/DD."))?;
    body.insert(name.to_owned(), json!(day_text(day)));
    Ok(())
}

fn flexfield(record: &csv::StringRecord, context: usize, names: &[&str]) -> Option<Json> {
    let code = column(record, context);
    let mut row = Map::from_iter([("__FLEX_Context".to_owned(), json!(code))]);
    for (place, name) in names.iter().enumerate() {
        row.insert(
            (*name).to_owned(),
            json!(column(record, context + 1 + place)),
        );
    }
    (!code.is_empty()).then(|| json!([row]))
}

/// Reads both files; says in words why they are discarded.
pub(super) fn read(headers: &[u8], lines: &[u8]) -> Result<Vec<Waiting>, String> {
    let mut children: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for record in records(
        "ApInvoiceLinesInterface.csv",
        lines,
        LINE_COLUMNS,
        &LINE_NEEDED,
    )? {
        let mut line = Map::new();
        copy(&record, &LINE, &mut line);
        copy_date(&record, 24, "AccountingDate", &mut line)?;
        let kind = match column(&record, 3) {
            "ITEM" => "Item",
            "FREIGHT" => "Freight",
            "MISCELLANEOUS" => "Miscellaneous",
            other => other,
        };
        line.insert("LineType".into(), json!(kind));
        if let Some(flex) = flexfield(
            &record,
            66,
            &["attribute1", "attribute2", "attribute3", "attribute4"],
        ) {
            line.insert("invoiceLineDff".into(), flex);
        }
        children
            .entry(column(&record, 1).to_owned())
            .or_default()
            .push(Json::Object(line));
    }
    let mut out = Vec::new();
    for record in records(
        "ApInvoicesInterface.csv",
        headers,
        HEADER_COLUMNS,
        &HEADER_NEEDED,
    )? {
        let mut body = Map::new();
        copy(&record, &HEADER, &mut body);
        for (number, name) in HEADER_DATES {
            copy_date(&record, number, name, &mut body)?;
        }
        body.insert("InvoiceSource".into(), json!(column(&record, 3)));
        let kind = match column(&record, 14) {
            "" => None,
            "STANDARD" => Some("Standard"),
            "CREDIT" => Some("Credit memo"),
            other => Some(other),
        };
        if let Some(kind) = kind {
            body.insert("InvoiceType".into(), json!(kind));
        }
        if let Some(flex) = flexfield(
            &record,
            74,
            &["sourceStamp", "sourceDocument", "crosswalkVersion"],
        ) {
            body.insert("invoiceDff".into(), flex);
        }
        body.insert(
            "invoiceLines".into(),
            Json::Array(children.remove(column(&record, 1)).unwrap_or_default()),
        );
        out.push(Waiting {
            unit: column(&record, 2).to_owned(),
            source: column(&record, 3).to_owned(),
            import_set: column(&record, 13).to_owned(),
            body,
        });
    }
    match children.keys().next() {
        Some(orphan) => Err(format!(
            "ApInvoiceLinesInterface.csv names the invoice {orphan}, which ApInvoicesInterface.csv doesn't hold."
        )),
        None => Ok(out),
    }
}

/// The rejection code of a refusal; INVALID SUPPLIER is [S-live], the others [R].
fn rejection(fault: &Fault) -> String {
    let words: Vec<&str> = fault.details.iter().map(|d| d.text.as_str()).collect();
    let words = words.join(" ");
    let code = [
        ("attribute Supplier", "INVALID SUPPLIER"),
        ("AP-810776", "DUPLICATE INVOICE NUMBER"),
        ("sum of the invoice lines", "INVALID INVOICE AMOUNT"),
        ("accounting date", "ACCT DATE NOT IN OPEN PD"),
        ("DistributionCombination", "INVALID DISTRIBUTION ACCT"),
    ];
    let found = code
        .iter()
        .find(|(part, _)| words.contains(part))
        .map_or("INVALID INVOICE", |(_, code)| code);
    format!("{found}: {words}")
}

impl FusionTwin {
    /// Imports the waiting invoices of the source (argument 8), import set (9) and, if it names one, business unit (2).
    pub(super) fn import_invoices(
        &mut self,
        parameters: &[String],
        purge: bool,
    ) -> (Outcome, String) {
        if parameters.len() != 14 {
            return (
                Outcome::Error,
                format!(
                    "APXIIMPT needs 14 arguments but got {}.\n",
                    parameters.len()
                ),
            );
        }
        let (unit, source, import_set) = (&parameters[1], &parameters[7], &parameters[8]);
        let named = self.setup.units.iter().any(|u| u.name == *unit);
        let fits = |w: &Waiting| {
            w.source == *source && w.import_set == *import_set && (!named || w.unit == *unit)
        };
        let all = std::mem::take(&mut self.import.invoices);
        let (selected, kept): (Vec<Waiting>, Vec<Waiting>) = all.into_iter().partition(fits);
        self.import.invoices = kept;
        let (total, mut rejected, mut log) = (selected.len(), 0, String::new());
        for waiting in selected {
            if let Err(fault) = self.create_invoice(&waiting.body) {
                rejected += 1;
                let number = waiting
                    .body
                    .get("InvoiceNumber")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                log.push_str(&format!("Invoice {number}: {}\n", rejection(&fault)));
                if !purge {
                    self.import.invoices.push(waiting);
                }
            }
        }
        log.push_str(&format!(
            "Invoices selected: {total}\nInvoices rejected: {rejected}\nInvoices created: {}\n",
            total - rejected
        ));
        (
            if rejected > 0 {
                Outcome::Warning
            } else {
                Outcome::Succeeded
            },
            log,
        )
    }
}
