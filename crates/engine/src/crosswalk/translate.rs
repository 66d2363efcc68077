//! Re-codes one document, or says everything that stands in the way.

mod line;
mod recode;

use std::collections::BTreeMap;
use std::sync::Arc;

use tieout_model::{
    AccountingDate, Code, Combination, Digest, Document, DocumentKind, Envelope, HEADER_ATTRIBUTE,
    Placement, Supplier,
};

use crate::crosswalk::Crosswalk;
use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::place::normalised;
use crate::crosswalk::prepared::{Prepared, RuleName};
use crate::crosswalk::reference::EntityRow;
pub(crate) use crate::crosswalk::translate::line::{Books, Scratch, drop_repeats};
use crate::crosswalk::translate::recode::source_lines;

pub(crate) use crate::crosswalk::translate::recode::{recoded, supplier_of};

/// What we know of a document's past; decides the version (domain dossier 4.3, rules in this order).
///
/// An edited document is two of these: its old lines go back under [`Lineage::Reverses`], the new revision is translated as
/// [`Lineage::None`] (rule 3).
#[derive(Debug, Clone, Copy)]
pub enum Lineage<'a> {
    /// Never translated, or edited since: the version in force on the accounting date; none, no translation (rules 4 and 5).
    None,
    /// Reverses, voids or cancels a document we delivered: its recorded lines with the opposite sign (rule 1).
    Reverses {
        /// The recorded document, as it was translated.
        original: &'a Document,
        /// The version recorded with it.
        version: &'a str,
        /// The date on which its segment values must still be usable: the accounting date of the reversal.
        on: AccountingDate,
    },
    /// Translated before and unchanged: the version recorded then. The caller compares the result with what was posted (rule 2).
    Recorded {
        /// The recorded version.
        version: &'a str,
    },
}

/// The rule id in the lineage of lines that repeat recorded ones.
pub const RECORDED_RULE: &str = "recorded";

/// What the rule id in the lineage of a reversal begins with where a controller approved the value that took the place of a disabled one;
/// the approval's id follows.
pub const SUPERSEDED_RULE: &str = "superseded by ";

/// Which rule decided one segment of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// Line number.
    pub line: u32,
    /// The segment and the rule; the rule is [`RECORDED_RULE`] where a recorded line was repeated.
    pub by: Arc<RuleName>,
    /// The ancestor whose row of the table was taken, where the rule inherits and the value has no row of its own; the old id, where the value was
    /// renamed.
    pub inherited_from: Option<String>,
}

/// A document in the coding of the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The document: every line segmented, placement set, supplier by its number there. Amounts are untouched.
    pub document: Document,
    /// The version that was used; empty for master records, which no version speaks about.
    pub version: String,
    /// Digest of that version (of the whole crosswalk for master records): goes into lineage.
    pub crosswalk: Digest,
    /// Which rule decided what, by line and segment.
    pub rules: Vec<RuleUse>,
}

impl Crosswalk {
    /// Translates a document.
    ///
    /// # Errors
    /// Every gap of the document, never empty. A document with a gap is held as a whole.
    pub fn translate(
        &self,
        envelope: &Envelope,
        lineage: Lineage<'_>,
    ) -> Result<Translation, Vec<Unmapped>> {
        let document = &envelope.document;
        if let Document::Supplier(supplier) = document {
            return self.translate_supplier(supplier);
        }
        let Some(date) = document.accounting_date() else {
            return Err(vec![malformed(
                document.kind(),
                "it has no accounting date",
            )]);
        };
        match lineage {
            Lineage::None => self.translate_under(document, date, self.version_for(date)),
            Lineage::Recorded { version } => {
                self.translate_under(document, date, self.recorded_version(version))
            }
            Lineage::Reverses {
                original,
                version,
                on,
            } => self.mirror(document, (original, version), on, None),
        }
    }

    /// A reversal whose recorded lines hold values that are disabled on its date, where a controller approved that the superseding ones take
    /// their place (domain dossier 4.3, rule 1). `approval` goes into the lineage of every segment that it decides.
    ///
    /// # Errors
    /// Every gap that is left, as for [`Crosswalk::translate`] with [`Lineage::Reverses`].
    pub fn translate_superseding(
        &self,
        envelope: &Envelope,
        (original, version): (&Document, &str),
        on: AccountingDate,
        approval: &str,
    ) -> Result<Translation, Vec<Unmapped>> {
        self.mirror(&envelope.document, (original, version), on, Some(approval))
    }

    fn version_for(&self, date: AccountingDate) -> Result<&Prepared, Unmapped> {
        self.prepared_on(date).ok_or_else(|| {
            Unmapped::new(
                HoldReason::NoVersionForDate,
                "accounting date",
                date.to_string(),
                "no signed crosswalk version covers it",
                "the crosswalk owner has a version signed that covers the date, or the bookkeeper corrects the date in the source system",
            )
        })
    }

    pub(crate) fn recorded_version(&self, version: &str) -> Result<&Prepared, Unmapped> {
        self.prepared_named(version).ok_or_else(|| {
            Unmapped::new(
                HoldReason::UnknownVersion,
                "recorded version",
                version,
                "the document was translated under it before, and it is not among the signed versions",
                "the operator puts the signed file of that version back",
            )
        })
    }

    fn translate_supplier(&self, supplier: &Supplier) -> Result<Translation, Vec<Unmapped>> {
        let code = self.party(&supplier.code).map_err(|gap| vec![gap])?;
        let document = Document::Supplier(Supplier {
            code,
            ..supplier.clone()
        });
        Ok(Translation {
            document,
            version: String::new(),
            crosswalk: self.digest,
            rules: Vec::new(),
        })
    }

    fn translate_under(
        &self,
        document: &Document,
        date: AccountingDate,
        version: Result<&Prepared, Unmapped>,
    ) -> Result<Translation, Vec<Unmapped>> {
        let mut gaps = Vec::new();
        let version = version.map_err(|gap| gaps.push(gap)).ok();
        let placement = self.placement(document, date, &mut gaps);
        let supplier = supplier_of(document)
            .map(|code| self.party(code))
            .transpose()
            .unwrap_or_else(|gap| {
                gaps.push(gap);
                None
            });
        let sources = source_lines(document).map_err(|gap| vec![gap])?;
        let mut rules = Vec::new();
        let mut codings = Vec::with_capacity(sources.len());
        if let Some(version) = version {
            rules.reserve(sources.len().saturating_mul(version.segment_names().len()));
            let entity_id = document.entity().map_or("", |id| id.as_str());
            let entity_id = normalised(entity_id);
            let books = Books {
                version,
                date,
                entity_id: &entity_id,
                entity: self.reference.entities.get(entity_id.as_ref()),
            };
            let mut scratch = Scratch::default();
            for (number, coding) in sources {
                let first = gaps.len();
                let found = self.line(&books, number, coding, &mut scratch, &mut rules, &mut gaps);
                codings.push(found);
                drop_repeats(&mut gaps, first);
            }
        }
        one_header(&codings, &mut gaps);
        match (version, placement) {
            (Some(version), Some(placement)) if gaps.is_empty() => {
                let document = recoded(document, codings, placement, supplier)
                    .map_err(|fault| vec![malformed(document.kind(), &fault.to_string())])?;
                Ok(Translation {
                    document,
                    version: version.name().to_owned(),
                    crosswalk: version.digest(),
                    rules,
                })
            }
            _ => Err(gaps),
        }
    }

    /// Where the document lives on the other side; `None` after reporting why that is not known.
    fn placement(
        &self,
        document: &Document,
        date: AccountingDate,
        gaps: &mut Vec<Unmapped>,
    ) -> Option<Placement> {
        let period = self.period(document, date);
        let period = period.map_err(|gap| gaps.push(gap)).ok();
        let id = normalised(document.entity().map_or("", |id| id.as_str()));
        let Some(entity) = self.reference.entities.get(id.as_ref()) else {
            gaps.push(unknown_entity("entity", &id));
            return None;
        };
        let currency = document.functional_currency();
        if let Some(currency) = currency.filter(|currency| *currency != entity.currency) {
            gaps.push(Unmapped::new(
                HoldReason::CurrencyMismatch,
                "functional currency",
                currency.code(),
                format!("ledger {} of entity {id} is in {}", entity.ledger, entity.currency),
                "the controller corrects the entity's base currency or its ledger in the signed reference data",
            ));
        }
        if document.kind() != DocumentKind::JournalEntry {
            let parts = [
                ("legal entity", &entity.legal_entity),
                ("business unit", &entity.business_unit),
            ];
            for (part, _) in parts.into_iter().filter(|(_, name)| name.is_empty()) {
                gaps.push(Unmapped::new(
                    HoldReason::UnmappedValue,
                    part,
                    "",
                    format!("entity {id} has none on the other side, and a bill needs one"),
                    "the crosswalk owner fills it in the reference data and has it signed",
                ));
            }
        }
        Some(placement_of(entity, period?))
    }

    pub(crate) fn period(
        &self,
        document: &Document,
        date: AccountingDate,
    ) -> Result<String, Unmapped> {
        let is_adjusting = document.is_adjusting();
        let period = self.reference.calendar.period_of(date, is_adjusting);
        period.map(|period| period.name_there.clone()).ok_or_else(|| {
            let kind = if is_adjusting { "adjusting" } else { "regular" };
            Unmapped::new(
                HoldReason::NoPeriod,
                "accounting date",
                date.to_string(),
                format!("no {kind} period covers it"),
                "the controller adds the period to the signed calendar, or the bookkeeper corrects the date in the source system",
            )
        })
    }

    pub(crate) fn party(&self, code: &Code) -> Result<Code, Unmapped> {
        let code = normalised(code.as_str());
        let number = self.reference.parties.get(code.as_ref());
        number.map(Code::new).ok_or_else(|| {
            Unmapped::new(
                HoldReason::UnmappedParty,
                "supplier",
                code,
                "it has no number on the other side",
                "the supplier is created there and its number added to the signed reference data",
            )
        })
    }
}

/// A header flexfield has one value: lines that carry different ones hold the document.
fn one_header(codings: &[Combination], gaps: &mut Vec<Unmapped>) {
    let mut seen: BTreeMap<&String, &String> = BTreeMap::new();
    for (name, value) in codings.iter().flat_map(|coding| &coding.attributes) {
        let Some(attribute) = name.strip_prefix(HEADER_ATTRIBUTE) else {
            continue;
        };
        let first = *seen.entry(name).or_insert(value);
        if first != value {
            let gap = Unmapped::new(
                HoldReason::InvalidCombination,
                format!("header {attribute}"),
                value,
                format!("another line says {first}, and a header flexfield has one value"),
                "the bookkeeper gives all lines the same value, or the crosswalk owner moves the dimension to a line flexfield",
            );
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
    }
}

fn unknown_entity(role: &str, id: &str) -> Unmapped {
    Unmapped::new(
        HoldReason::UnknownEntity,
        role,
        id,
        "it is not among the entities of the signed reference data",
        "the crosswalk owner adds the entity to the reference data and has it signed",
    )
}

pub(crate) fn malformed(kind: DocumentKind, what: &str) -> Unmapped {
    Unmapped::new(
        HoldReason::Malformed,
        "document",
        kind.word(),
        what,
        "support looks at the captured document",
    )
}

fn placement_of(entity: &EntityRow, period: String) -> Placement {
    Placement {
        ledger: entity.ledger.clone(),
        legal_entity: entity.legal_entity.clone(),
        business_unit: entity.business_unit.clone(),
        balancing_segment: Code::new(&entity.balancing_segment),
        currency: entity.currency,
        period,
    }
}
