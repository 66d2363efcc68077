//! From rows to documents. Pure: rows in, envelopes or the reason why not out; one file per kind.
//!
//! A row that can't be a document is no fault of the reading: it becomes a [`Captured::Malformed`] that names the record, the line and
//! what is wrong, and the page goes on.

pub(crate) mod journal_entry;
pub(crate) mod supplier_invoice;

use tieout_connector::Captured;
use tieout_model::canonical::encode_document;
use tieout_model::{
    AccountingDate, Amount, Code, Coding, Currency, Digest, Dimensional, Document, DocumentKind,
    EntityId, Envelope, NaturalKey, Origin, Revision, Timestamp,
};

use crate::civil_time::{self, Zone};
use crate::config::{DimensionField, IntacctConfig};
use crate::tenant::Entities;
use crate::xml::answer::{Column, Row, Table};

/// What a row is read with.
pub(crate) struct Reading<'a> {
    /// The company.
    pub(crate) config: &'a IntacctConfig,
    /// Its entities.
    pub(crate) entities: &'a Entities,
    /// The user's zone.
    pub(crate) zone: Zone,
}

/// Why a row is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw(pub(crate) String);

impl Flaw {
    /// A flaw.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn in_line(self, line: &str) -> Self {
        Self(format!("line {line}: {}", self.0))
    }
}

/// A header row with its lines.
pub(crate) struct Record<'a> {
    /// The header.
    pub(crate) header: Row<'a>,
    /// The lines.
    pub(crate) lines: Vec<(Row<'a>, &'a LineColumns)>,
}

/// What is needed of a record besides its document.
pub(crate) struct Frame {
    /// Its kind.
    pub(crate) kind: DocumentKind,
    /// `APBILL/4711`.
    pub(crate) key: NaturalKey,
    /// Its number for people.
    pub(crate) number: String,
    /// Its entity, if it can be read.
    pub(crate) entity: Option<EntityId>,
    /// When it changed; for rows without a stamp when it was made.
    pub(crate) modified: Option<Timestamp>,
    /// Other names.
    pub(crate) aliases: Vec<NaturalKey>,
}

impl Reading<'_> {
    /// The origin of a record of this company.
    pub(crate) fn origin(&self, key: NaturalKey) -> Origin {
        Origin {
            system: self.config.system.clone(),
            company: self.config.company_id.clone(),
            natural_key: key,
        }
    }

    /// Puts a document, or the reason why there is none, into its frame.
    pub(crate) fn captured(
        &self,
        frame: Frame,
        document: Result<Document, Flaw>,
        record: &Record<'_>,
    ) -> Captured {
        let Frame {
            kind,
            key,
            number,
            entity,
            modified,
            aliases,
        } = frame;
        let document = match (document, modified) {
            (Ok(document), Some(modified)) => Ok((document, modified)),
            (Ok(_), None) => Err(Flaw::new("its stamp of change can't be read")),
            (Err(flaw), _) => Err(flaw),
        };
        match document {
            Ok((document, modified)) => {
                let digest = Digest::of(&encode_document(&document)).to_string();
                Captured::Document(Box::new(Envelope {
                    origin: self.origin(key),
                    number,
                    revision: Revision::new(digest.get(..16).unwrap_or_default()),
                    modified,
                    aliases,
                    document,
                    evidence: evidence(record),
                }))
            }
            Err(flaw) => Captured::Malformed {
                origin: self.origin(key),
                number,
                kind,
                entity,
                problem: flaw.0,
            },
        }
    }

    /// The first of `texts` that names an entity.
    pub(crate) fn entity<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Option<EntityId> {
        let mut filled = texts.into_iter().filter(|text| !text.is_empty());
        filled.find_map(|text| self.entities.resolve(text))
    }

    /// The stamp of change, or the first readable one of `others` for a row that has none.
    pub(crate) fn modified(&self, stamp: &str, others: &[&str]) -> Option<Timestamp> {
        let zone = self.zone;
        let read = |text: &str| civil_time::second(text, zone).map(civil_time::instant);
        if !stamp.is_empty() {
            return read(stamp);
        }
        others.iter().find_map(|text| read(text))
    }

    /// Currency of an entity.
    pub(crate) fn functional(&self, entity: &EntityId) -> Result<Currency, Flaw> {
        let known = self.entities.currency(entity);
        known.ok_or_else(|| Flaw::new(format!("entity {entity} has no known currency")))
    }
}

/// The columns of one page of lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineColumns {
    pub(crate) line_no: Column,
    pub(crate) account: Column,
    pub(crate) offset_account: Column,
    pub(crate) side: Column,
    pub(crate) amount: Column,
    pub(crate) transaction_amount: Column,
    pub(crate) currency: Column,
    pub(crate) rate: Column,
    pub(crate) memo: Column,
    pub(crate) statistical: Column,
    pub(crate) affiliate: Column,
    pub(crate) dimensions: Vec<(String, Column)>,
}

/// The object of journal lines.
pub(crate) const ENTRY_OBJECT: &str = "GLENTRY";

/// The field of a dimension on lines of `object`.
pub(crate) fn dimension_field<'a>(field: &'a DimensionField, object: &str) -> &'a str {
    if object == ENTRY_OBJECT {
        &field.entry
    } else {
        &field.item
    }
}

impl LineColumns {
    /// The columns of a page of `object`.
    pub(crate) fn of(table: &Table, config: &IntacctConfig, object: &str) -> Self {
        let is_entry = object == ENTRY_OBJECT;
        let memo = if is_entry {
            "DESCRIPTION"
        } else {
            "ENTRYDESCRIPTION"
        };
        let dimensions = config.dimensions.iter().map(|(name, field)| {
            let column = table.column(dimension_field(field, object));
            (name.clone(), column)
        });
        let affiliate = config.affiliate_field.as_deref().unwrap_or_default();
        Self {
            line_no: table.column("LINE_NO"),
            account: table.column("ACCOUNTNO"),
            offset_account: table.column("OFFSETGLACCOUNTNO"),
            side: table.column("TR_TYPE"),
            amount: table.column("AMOUNT"),
            transaction_amount: table.column("TRX_AMOUNT"),
            currency: table.column("CURRENCY"),
            rate: table.column("EXCHANGE_RATE"),
            memo: table.column(memo),
            statistical: table.column("STATISTICAL"),
            affiliate: table.column(affiliate),
            dimensions: dimensions.collect(),
        }
    }

    /// Account, dimensions and affiliate of a line.
    fn coding(&self, row: Row<'_>) -> Result<Coding, Flaw> {
        let account = row.get(self.account);
        if account.is_empty() {
            return Err(Flaw::new("it has no account"));
        }
        let filled = self.dimensions.iter().filter_map(|(name, column)| {
            let value = row.get(*column);
            (!value.is_empty()).then(|| (name.clone(), Code::new(value)))
        });
        let affiliate = row.get(self.affiliate);
        Ok(Coding::Dimensional(Dimensional {
            account: Code::new(account),
            dimensions: filled.collect(),
            affiliate: (!affiliate.is_empty()).then(|| EntityId::new(affiliate)),
        }))
    }

    /// Line number, from 1.
    fn number(&self, row: Row<'_>) -> Result<u32, Flaw> {
        let text = row.get(self.line_no);
        let number = integer(text).and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number > 0);
        number.ok_or_else(|| Flaw::new(format!("a line has the number {text:?}")))
    }
}

/// Lines in the order of their numbers.
fn sorted<'a>(
    lines: &[(Row<'a>, &'a LineColumns)],
) -> Result<Vec<(u32, Row<'a>, &'a LineColumns)>, Flaw> {
    let numbered = lines
        .iter()
        .map(|(row, columns)| Ok((columns.number(*row)?, *row, *columns)));
    let mut numbered: Vec<_> = numbered.collect::<Result<_, Flaw>>()?;
    numbered.sort_by_key(|(number, ..)| *number);
    let mut previous = 0;
    for (number, ..) in &numbered {
        if *number == previous {
            return Err(Flaw::new(format!("two lines have the number {number}")));
        }
        previous = *number;
    }
    Ok(numbered)
}

/// A whole number; some INTEGER fields carry decimals of zero (intacct-xml.md §2.3 [C]).
pub(crate) fn integer(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = fraction.bytes().all(|digit| digit == b'0');
    is_whole.then(|| whole.parse().ok()).flatten()
}

/// A yes in any of its spellings (intacct-xml.md §3.3 [C]).
pub(crate) fn is_yes(text: &str) -> bool {
    matches!(text, "true" | "T" | "t" | "TRUE" | "1" | "Y" | "yes")
}

/// An amount with the decimals of its currency. One with more is kept as it is, for the document's own check to refuse.
pub(crate) fn amount(text: &str, currency: Currency) -> Result<Amount, Flaw> {
    let read: Amount = text
        .parse()
        .map_err(|fault| Flaw::new(format!("the amount {fault}")))?;
    if currency.is_statistical() {
        return Ok(read);
    }
    Ok(read.at_scale(currency.decimals()).unwrap_or(read))
}

fn currency(text: &str, absent: Currency) -> Result<Currency, Flaw> {
    if text.is_empty() {
        return Ok(absent);
    }
    text.parse().map_err(|fault| Flaw::new(format!("{fault}")))
}

fn date(text: &str, field: &str) -> Result<AccountingDate, Flaw> {
    let read = civil_time::date(text);
    read.ok_or_else(|| Flaw::new(format!("{field} is {text:?}, which is no date MM/DD/YYYY")))
}

/// About as many bytes as the fields of one row take.
const EVIDENCE_LEN: usize = 512;

/// Digest of every field that was read for the record, header first.
fn evidence(record: &Record<'_>) -> Digest {
    let mut text = String::with_capacity(EVIDENCE_LEN * (1 + record.lines.len()));
    let lines = record.lines.iter().map(|(row, _)| *row);
    for row in std::iter::once(record.header).chain(lines) {
        for (name, value) in row.pairs() {
            // Joined by hand: formatting takes as long as the digest.
            text.push_str(name);
            text.push('=');
            text.push_str(value);
            text.push('\n');
        }
        text.push('\n');
    }
    Digest::of(text.as_bytes())
}
