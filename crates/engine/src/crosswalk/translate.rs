//! Re-codes one document, or says everything that stands in the way.

use std::sync::Arc;

use tieout_model::{
    AccountingDate, Code, Coding, Combination, Digest, Dimensional, Document, DocumentKind,
    Envelope, InvoiceLine, JournalEntry, JournalLine, LineFact, Placement, Supplier,
    SupplierInvoice, Violations,
};

use crate::crosswalk::Crosswalk;
use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::place::normalised;
use crate::crosswalk::prepared::{LineView, Prepared};
use crate::crosswalk::reference::{EntityRow, WhenBlank};

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

/// Which rule decided one segment of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// Line number.
    pub line: u32,
    /// The segment.
    pub segment: Arc<str>,
    /// The rule's id, or [`RECORDED_RULE`].
    pub rule: Arc<str>,
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
            } => self.mirror(document, original, version, on),
        }
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
            rules.reserve(
                sources
                    .len()
                    .saturating_mul(version.segment_names().count()),
            );
            let entity_id = document.entity().map_or("", |id| id.as_str());
            let entity_id = normalised(entity_id);
            let books = Books {
                version,
                date,
                entity_id: &entity_id,
                entity: self.reference.entities.get(entity_id.as_ref()),
            };
            for (number, coding) in sources {
                let first = gaps.len();
                codings.push(self.line(&books, number, coding, &mut rules, &mut gaps));
                drop_repeats(&mut gaps, first);
            }
        }
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

    /// What the rules of `version` make of one line of `document` on `date`; `None` if they leave a segment open.
    pub(crate) fn decided(
        &self,
        version: &Prepared,
        document: &Document,
        line: &LineFact,
        date: AccountingDate,
    ) -> Option<Combination> {
        let entity_id = normalised(document.entity().map_or("", |id| id.as_str()));
        let books = Books {
            version,
            date,
            entity_id: &entity_id,
            entity: self.reference.entities.get(entity_id.as_ref()),
        };
        let (mut rules, mut gaps) = (Vec::new(), Vec::new());
        let decided = self.line(&books, line.number, &line.coding, &mut rules, &mut gaps);
        (decided.segments.len() == version.segment_names().count()).then_some(decided)
    }

    fn line(
        &self,
        books: &Books<'_>,
        number: u32,
        coding: &Coding,
        rules: &mut Vec<RuleUse>,
        gaps: &mut Vec<Unmapped>,
    ) -> Combination {
        let Coding::Dimensional(coding) = coding else {
            let gap = malformed(
                DocumentKind::JournalEntry,
                "the line carries segments already",
            );
            gaps.push(gap.on_line(number));
            return Combination::default();
        };
        let before = gaps.len();
        let view = self.view(books, number, coding, gaps);
        let version = books.version;
        let combination = version.combination(&view, number, gaps, |segment, rule| {
            rules.push(RuleUse {
                line: number,
                segment: Arc::clone(segment),
                rule: Arc::clone(rule),
            });
        });
        if gaps.len() > before {
            return combination;
        }
        let values = version.segment_names().zip(&combination.segments);
        for (segment, value) in values {
            let refused = version.refused(segment, value.as_str(), books.date, &self.reference);
            gaps.extend(refused.map(|gap| gap.on_line(number)));
        }
        let forbidden = version.forbidden(&combination, &self.reference);
        gaps.extend(forbidden.map(|gap| gap.on_line(number)));
        combination
    }

    /// What the line offers to the rules, after a look at what every line must have.
    fn view<'l>(
        &'l self,
        books: &Books<'l>,
        number: u32,
        coding: &'l Dimensional,
        gaps: &mut Vec<Unmapped>,
    ) -> LineView<'l> {
        self.dimensions(number, coding, gaps);
        let account = normalised(coding.account.as_str());
        let class = self.classes.get(account.as_ref()).copied();
        if class.is_none() {
            let gap = Unmapped::new(
                HoldReason::UnmappedValue,
                "account",
                account.as_ref(),
                "it is not in the signed chart of accounts",
                "the crosswalk owner adds it to the signed reference data, or the bookkeeper corrects the line in the source system",
            );
            gaps.push(gap.on_line(number));
        }
        let affiliate = coding.affiliate.as_ref().and_then(|id| {
            let id = normalised(id.as_str());
            let row = self.reference.entities.get(id.as_ref());
            if row.is_none() {
                gaps.push(unknown_entity("affiliate", &id).on_line(number));
            }
            row
        });
        LineView {
            coding,
            class,
            entity_id: books.entity_id,
            entity: books.entity,
            affiliate,
        }
    }

    /// Both sides are sorted, so one walk finds blank required dimensions and undeclared ones.
    fn dimensions(&self, number: u32, coding: &Dimensional, gaps: &mut Vec<Unmapped>) {
        let mut given = coding.dimensions.iter().peekable();
        let undeclared = |name: &str, value: &Code, gaps: &mut Vec<Unmapped>| {
            let value = normalised(value.as_str());
            if !value.is_empty() {
                let gap = Unmapped::new(
                    HoldReason::UnmappedValue,
                    name,
                    value,
                    "the dimension is not declared, so its value would be lost",
                    "the crosswalk owner declares the dimension in the signed reference data",
                );
                gaps.push(gap.on_line(number));
            }
        };
        for (name, when_blank) in &self.reference.dimensions {
            while let Some((other, value)) = given.next_if(|(other, _)| *other < name) {
                undeclared(other, value, gaps);
            }
            let value = given.next_if(|(other, _)| *other == name);
            let is_required = *when_blank == WhenBlank::Required;
            if is_required && value.is_none_or(|(_, value)| value.as_str().trim().is_empty()) {
                let gap = Unmapped::new(
                    HoldReason::BlankRequiredDimension,
                    name,
                    "",
                    "every line must carry this dimension",
                    "the bookkeeper fills it in the source system",
                );
                gaps.push(gap.on_line(number));
            }
        }
        given.for_each(|(name, value)| undeclared(name, value, gaps));
    }
}

/// What all lines of a document have in common.
struct Books<'a> {
    version: &'a Prepared,
    date: AccountingDate,
    entity_id: &'a str,
    entity: Option<&'a EntityRow>,
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

/// The same gap can be met by several segments of a line; it is told once.
fn drop_repeats(gaps: &mut Vec<Unmapped>, first: usize) {
    let mut next = first;
    while next < gaps.len() {
        let (before, rest) = gaps.split_at(next);
        let is_repeat = rest.first().is_some_and(|gap| {
            let same = |other: &Unmapped| {
                (other.reason, &other.dimension, &other.value)
                    == (gap.reason, &gap.dimension, &gap.value)
                    && other.detail == gap.detail
            };
            before.iter().skip(first).any(same)
        });
        if is_repeat {
            gaps.remove(next);
        } else {
            next = next.saturating_add(1);
        }
    }
}

pub(crate) fn supplier_of(document: &Document) -> Option<&Code> {
    match document {
        Document::SupplierInvoice(invoice) => Some(&invoice.draft().supplier),
        Document::JournalEntry(_) | Document::Supplier(_) => None,
    }
}

/// Line numbers and codings in the order of [`Document::lines`]: a bill's control line comes last.
fn source_lines(document: &Document) -> Result<Vec<(u32, &Coding)>, Unmapped> {
    match document {
        Document::JournalEntry(entry) => {
            let lines = entry.draft().lines.iter();
            Ok(lines.map(|line| (line.number, &line.coding)).collect())
        }
        Document::SupplierInvoice(invoice) => {
            let draft = invoice.draft();
            let lines = draft.lines.iter();
            let mut all: Vec<_> = lines.map(|line| (line.number, &line.coding)).collect();
            let last = all.iter().map(|(number, _)| *number).max().unwrap_or(0);
            let control = last.checked_add(1).ok_or_else(|| {
                malformed(
                    document.kind(),
                    "no line number is left for the control line",
                )
            })?;
            all.push((control, &draft.control));
            Ok(all)
        }
        Document::Supplier(_) => Ok(Vec::new()),
    }
}

/// The document with other codings, in the order of [`Document::lines`].
pub(crate) fn recoded(
    document: &Document,
    codings: Vec<Combination>,
    placement: Placement,
    supplier: Option<Code>,
) -> Result<Document, Violations> {
    let mut codings = codings.into_iter().map(Coding::Segmented);
    let mut next = || {
        codings
            .next()
            .unwrap_or_else(|| Coding::Segmented(Combination::default()))
    };
    match document {
        Document::JournalEntry(entry) => {
            let old = entry.draft();
            let lines = old.lines.iter().map(|line| JournalLine {
                coding: next(),
                memo: line.memo.clone(),
                rate: line.rate.clone(),
                number: line.number,
                currency: line.currency,
                amount: line.amount,
                functional: line.functional,
            });
            let draft = tieout_model::JournalDraft {
                lines: lines.collect(),
                placement: Some(placement),
                entity: old.entity.clone(),
                functional_currency: old.functional_currency,
                accounting_date: old.accounting_date,
                is_adjusting: old.is_adjusting,
                purpose: old.purpose,
                posting_kind: old.posting_kind,
                journal: old.journal.clone(),
                reference: old.reference.clone(),
                description: old.description.clone(),
                reverses: old.reverses.clone(),
            };
            JournalEntry::try_new(draft).map(Document::JournalEntry)
        }
        Document::SupplierInvoice(invoice) => {
            let mut draft = invoice.draft().clone();
            let lines = invoice.draft().lines.iter().map(|line| InvoiceLine {
                coding: next(),
                memo: line.memo.clone(),
                number: line.number,
                amount: line.amount,
                functional: line.functional,
            });
            draft.lines = lines.collect();
            draft.control = next();
            draft.placement = Some(placement);
            if let Some(supplier) = supplier {
                draft.supplier = supplier;
            }
            SupplierInvoice::try_new(draft).map(Document::SupplierInvoice)
        }
        Document::Supplier(supplier) => Ok(Document::Supplier(supplier.clone())),
    }
}
