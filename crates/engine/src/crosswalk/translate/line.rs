//! One line: what the rules see of it, and what they make of it.

use std::borrow::Cow;
use std::sync::Arc;

use tieout_model::{
    AccountingDate, Code, Coding, Combination, Dimensional, Document, DocumentKind, LineFact,
};

use crate::crosswalk::Crosswalk;
use crate::crosswalk::hold::{HoldReason, Unmapped};
use crate::crosswalk::place::normalised;
use crate::crosswalk::prepared::{Decision, LineView, Prepared};
use crate::crosswalk::reference::EntityRow;
use crate::crosswalk::translate::{RuleUse, malformed, unknown_entity};

/// What all lines of a document have in common.
pub(crate) struct Books<'a> {
    pub(crate) version: &'a Prepared,
    pub(crate) date: AccountingDate,
    pub(crate) entity_id: &'a str,
    pub(crate) entity: Option<&'a EntityRow>,
}

/// Kept from line to line of one document, to save work.
#[derive(Debug, Default)]
pub(crate) struct Scratch<'l> {
    /// What the rules see.
    values: Vec<Cow<'l, str>>,
    /// Where the dimensions of the line before stand in the reference data: those of the next line are mostly the same.
    guesses: Vec<usize>,
}

impl Crosswalk {
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
        let mut scratch = Scratch::default();
        let decided = self.line(
            &books,
            line.number,
            &line.coding,
            &mut scratch,
            &mut rules,
            &mut gaps,
        );
        (decided.segments.len() == version.segment_names().len()).then_some(decided)
    }

    pub(crate) fn line<'l>(
        &'l self,
        books: &Books<'l>,
        number: u32,
        coding: &'l Coding,
        scratch: &mut Scratch<'l>,
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
        let version = books.version;
        version.blank(&mut scratch.values);
        self.dimensions(books, number, coding, scratch, gaps);
        let view = self.view(books, number, coding, gaps);
        let used = |decision: &Decision<'_>| {
            rules.push(RuleUse {
                line: number,
                by: Arc::clone(decision.rule),
                inherited_from: decision.ancestor.map(str::to_owned),
            });
        };
        let combination = version.combination(&view, number, &mut scratch.values, gaps, used);
        if gaps.len() == before {
            let refusals = version.refusals(&combination, books.date, &self.reference);
            gaps.extend(refusals.map(|gap| gap.on_line(number)));
        }
        combination
    }

    /// What the line offers to the rules beside its dimensions.
    fn view<'l>(
        &'l self,
        books: &Books<'l>,
        number: u32,
        coding: &'l Dimensional,
        gaps: &mut Vec<Unmapped>,
    ) -> LineView<'l> {
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

    /// Hands the dimensions of a line to the rules, and finds blank required and undeclared ones.
    fn dimensions<'l>(
        &self,
        books: &Books<'_>,
        number: u32,
        coding: &'l Dimensional,
        scratch: &mut Scratch<'l>,
        gaps: &mut Vec<Unmapped>,
    ) {
        let version = books.version;
        let mut filled = 0_usize;
        for (i, (name, value)) in coding.dimensions.iter().enumerate() {
            let guess = scratch.guesses.get(i).copied();
            let guess = guess.filter(|at| self.dimensions.get(*at) == Some(name));
            let found = guess.or_else(|| self.dimensions.binary_search(name).ok());
            let Some(at) = found else {
                undeclared(number, name, value, gaps);
                continue;
            };
            if guess.is_none() {
                scratch.guesses.resize(i.saturating_add(1), 0);
                scratch.guesses.splice(i.., [at]);
            }
            let is_blank = version.set(at, value.as_str(), &mut scratch.values);
            if !is_blank && version.loses(at) {
                lost(books, number, name, value, gaps);
            }
            if !is_blank && self.required.contains(&at) {
                filled = filled.saturating_add(1);
            }
        }
        if filled == self.required.len() {
            return;
        }
        for name in self
            .required
            .iter()
            .filter_map(|at| self.dimensions.get(*at))
        {
            let value = coding.dimensions.get(name);
            if value.is_none_or(|value| value.as_str().trim().is_empty()) {
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
    }
}

fn undeclared(number: u32, name: &str, value: &Code, gaps: &mut Vec<Unmapped>) {
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
}

/// A value nothing uses would vanish in silence. The entity itself does not: its books are where the document goes.
fn lost(books: &Books<'_>, number: u32, name: &str, value: &Code, gaps: &mut Vec<Unmapped>) {
    let value = normalised(value.as_str());
    if value == books.entity_id || books.entity.is_none() {
        return;
    }
    let gap = Unmapped::new(
        HoldReason::UnmappedValue,
        name,
        value,
        format!(
            "no rule, flexfield or report of version {} uses this dimension, so its value would be lost",
            books.version.name()
        ),
        "the crosswalk owner uses the dimension, or names it under dropped, in a new signed version",
    );
    gaps.push(gap.on_line(number));
}

/// The same gap can be met by several segments of a line; it is told once.
pub(crate) fn drop_repeats(gaps: &mut Vec<Unmapped>, first: usize) {
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
