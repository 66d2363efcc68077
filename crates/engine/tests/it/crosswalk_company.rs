//! Reads a company folder into sealed files and envelopes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tieout_engine::crosswalk::{
    Crosswalk, CrosswalkError, EntityColumns, REFERENCE_TYPE, Reference, SealingKey, TrustedKeys,
    VERSION_TYPE, WhenBlank, seal,
};
use tieout_model::{
    Amount, Calendar, Code, Coding, Currency, Digest, Dimensional, Document, EntityId, Envelope,
    InvoiceDraft, InvoiceLine, JournalDraft, JournalEntry, JournalLine, JournalPurpose, NaturalKey,
    Origin, Period, PostingKind, Revision, SupplierInvoice, SystemId, Timestamp,
};

pub(crate) type Row = BTreeMap<String, String>;

const DIMENSIONS: [&str; 10] = [
    "location",
    "department",
    "project",
    "customer",
    "vendor",
    "employee",
    "item",
    "class",
    "region",
    "channel",
];

pub(crate) fn folder(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(name)
}

pub(crate) fn table(company: &str, name: &str) -> Vec<Row> {
    let path = folder(company).join(name);
    let packed = PathBuf::from(format!("{}.gz", path.display()));
    let reader: Box<dyn Read> = if path.exists() {
        Box::new(File::open(path).unwrap())
    } else {
        Box::new(MultiGzDecoder::new(File::open(packed).unwrap()))
    };
    let mut reader = csv::Reader::from_reader(reader);
    reader.deserialize().map(Result::unwrap).collect()
}

pub(crate) fn rules(company: &str, version: &str) -> Value {
    let path = folder(company).join(format!("crosswalk/{version}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn signer() -> SealingKey {
    SealingKey::from_secret("controller", &[7; 32])
}

pub(crate) fn trust() -> TrustedKeys {
    let mut trust = TrustedKeys::new();
    let key = signer();
    trust.trust(key.id(), &key.public(), None).unwrap();
    trust
}

pub(crate) fn columns() -> EntityColumns {
    EntityColumns {
        id: "entity_id".into(),
        currency: "base_currency".into(),
        ledger: "fusion_ledger".into(),
        legal_entity: "fusion_legal_entity".into(),
        business_unit: "fusion_business_unit".into(),
        balancing_segment: "fusion_balancing_segment".into(),
    }
}

pub(crate) fn reference(company: &str) -> Reference {
    let mut reference = Reference::default();
    let entities = table(company, "master/entities.csv");
    reference.add_entities(&entities, &columns()).unwrap();
    for row in table(company, "master/accounts_intacct.csv") {
        let class = row["class"].parse().unwrap();
        reference.accounts.insert(row["account"].clone(), class);
    }
    for row in table(company, "master/vendors.csv") {
        let number = row["fusion_supplier_number"].clone();
        reference.parties.insert(row["id"].clone(), number);
    }
    let periods = table(company, "master/periods.csv");
    reference.calendar = Calendar::new(periods.iter().map(period).collect());
    for row in table(company, "master/dimensions.csv") {
        let blank = WhenBlank::from_cell(&row["default_when_blank"]);
        reference.dimensions.insert(row["dimension"].clone(), blank);
    }
    reference
}

fn period(row: &Row) -> Period {
    Period {
        name: row["period"].clone(),
        name_there: row["fusion_period_name"].clone(),
        fiscal_year: row["fiscal_year"].parse().unwrap(),
        number: row["period_no"].parse().unwrap(),
        start: row["start_date"].parse().unwrap(),
        end: row["end_date"].parse().unwrap(),
        is_adjusting: row["kind"] == "adjusting",
    }
}

/// Opens versions and reference data as given, sealed by [`signer`].
pub(crate) fn opened(
    versions: &[Value],
    reference: &Reference,
) -> Result<Crosswalk, CrosswalkError> {
    let seal_one = |version: &Value| seal(VERSION_TYPE, version.to_string().as_bytes(), &signer());
    let sealed: Vec<Vec<u8>> = versions.iter().map(seal_one).collect();
    let reference = seal(REFERENCE_TYPE, &reference.canonical_bytes(), &signer());
    Crosswalk::open(&sealed, &reference, &trust())
}

pub(crate) fn crosswalk(company: &str) -> Crosswalk {
    let versions = [rules(company, "v2"), rules(company, "v1")];
    opened(&versions, &reference(company)).unwrap()
}

pub(crate) fn envelope(id: &str, document: Document) -> Envelope {
    Envelope {
        origin: Origin {
            system: SystemId::new("books"),
            company: "test".into(),
            natural_key: NaturalKey::new(id),
        },
        number: id.into(),
        revision: Revision::new("1"),
        modified: Timestamp::default(),
        aliases: Vec::new(),
        document,
        evidence: Digest::default(),
    }
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn coding(account: &str, dimensions: &[(&str, &str)], affiliate: &str) -> Coding {
    let dimensions = dimensions.iter().filter(|(_, value)| !value.is_empty());
    Coding::Dimensional(Dimensional {
        account: Code::new(account),
        dimensions: dimensions
            .map(|(name, value)| ((*name).to_owned(), Code::new(*value)))
            .collect(),
        affiliate: (!affiliate.is_empty()).then(|| EntityId::new(affiliate)),
    })
}

fn row_coding(row: &Row) -> Coding {
    let dimensions: Vec<(&str, &str)> = DIMENSIONS
        .iter()
        .map(|name| (*name, row[*name].as_str()))
        .collect();
    coding(&row["account"], &dimensions, &row["affiliate_entity"])
}

fn row_line(row: &Row) -> JournalLine {
    let net = |side: &str| {
        let debit = amount(&row[&format!("{side}_debit")]);
        debit
            .minus(amount(&row[&format!("{side}_credit")]))
            .unwrap()
    };
    JournalLine {
        number: row["line_no"].parse().unwrap(),
        coding: row_coding(row),
        currency: row["txn_currency"].parse().unwrap(),
        amount: net("txn"),
        functional: net("base"),
        rate: (row["txn_currency"] != row["base_currency"])
            .then(|| row["exchange_rate"].parse().unwrap()),
        memo: row["memo"].clone(),
    }
}

pub(crate) fn draft(entity: &str, currency: Currency, date: &str) -> JournalDraft {
    JournalDraft {
        entity: EntityId::new(entity),
        functional_currency: currency,
        accounting_date: date.parse().unwrap(),
        is_adjusting: false,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new("GJ"),
        reference: String::new(),
        description: String::new(),
        reverses: Vec::new(),
        placement: None,
        lines: Vec::new(),
    }
}

/// One document of a folder, cut the way a single-entity entry demands: per entity, quantities apart from money.
pub(crate) struct Piece {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) reverses: String,
    pub(crate) key: (String, bool),
    pub(crate) envelope: Envelope,
}

pub(crate) fn pieces(company: &str) -> Vec<Piece> {
    let mut lines: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in table(company, "inputs/document_lines.csv") {
        lines
            .entry(row["document_id"].clone())
            .or_default()
            .push(row);
    }
    let entities = reference(company).entities;
    let mut pieces = Vec::new();
    for row in table(company, "inputs/documents.csv") {
        let mut cut: BTreeMap<(String, bool), Vec<JournalLine>> = BTreeMap::new();
        for line in lines.get(&row["document_id"]).into_iter().flatten() {
            let key = (line["entity_id"].clone(), line["base_currency"] == "STAT");
            cut.entry(key).or_default().push(row_line(line));
        }
        for (key, lines) in cut {
            let draft = JournalDraft {
                is_adjusting: row["period"].starts_with("ADJ"),
                purpose: if key.1 {
                    JournalPurpose::Statistical
                } else {
                    JournalPurpose::Standard
                },
                lines,
                ..draft(&key.0, entities[&key.0].currency, &row["gl_date"])
            };
            let document = Document::JournalEntry(JournalEntry::try_new(draft).unwrap());
            pieces.push(Piece {
                id: row["document_id"].clone(),
                kind: row["type"].clone(),
                reverses: row["reverses_document_id"].clone(),
                envelope: envelope(&row["document_id"], document),
                key,
            });
        }
    }
    pieces
}

/// The entry of a bill as the bill it came from: its last line is the control line.
pub(crate) fn bill(piece: &Piece, supplier: &str) -> Option<Envelope> {
    let Document::JournalEntry(entry) = &piece.envelope.document else {
        return None;
    };
    let entry = entry.draft();
    let (control, charges) = entry.lines.split_last()?;
    let draft = InvoiceDraft {
        is_credit: !control.functional.is_negative(),
        entity: entry.entity.clone(),
        functional_currency: entry.functional_currency,
        supplier: Code::new(supplier),
        number: piece.id.clone(),
        reference: String::new(),
        document_date: entry.accounting_date,
        accounting_date: entry.accounting_date,
        due_date: None,
        currency: control.currency,
        rate: control.rate.clone(),
        description: String::new(),
        control: control.coding.clone(),
        placement: None,
        lines: charges
            .iter()
            .map(|line| InvoiceLine {
                number: line.number,
                coding: line.coding.clone(),
                amount: line.amount,
                functional: line.functional,
                memo: line.memo.clone(),
            })
            .collect(),
    };
    let invoice = SupplierInvoice::try_new(draft).ok()?;
    Some(envelope(&piece.id, Document::SupplierInvoice(invoice)))
}

/// One line of an entry in the golden company.
pub(crate) fn line(number: u32, text: &str, coding: Coding, currency: &str) -> JournalLine {
    JournalLine {
        number,
        coding,
        currency: currency.parse().unwrap(),
        amount: amount(text),
        functional: amount(text),
        rate: None,
        memo: String::new(),
    }
}

/// An entry of E200 in USD.
pub(crate) fn entry(date: &str, lines: Vec<JournalLine>) -> Envelope {
    entry_of(JournalDraft {
        lines,
        ..draft("E200", "USD".parse().unwrap(), date)
    })
}

pub(crate) fn entry_of(draft: JournalDraft) -> Envelope {
    let entry = JournalEntry::try_new(draft).unwrap();
    envelope("JE-1", Document::JournalEntry(entry))
}
