//! One version as a function from entity and coding to a combination, remembered: a million lines use some thousand codings.
#![expect(
    clippy::disallowed_types,
    reason = "asked once per line of a whole year; nothing iterates these maps, so no order reaches output"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tieout_model::{AccountingDate, Coding, Combination, Dimensional};

use crate::crosswalk::hold::Unmapped;
use crate::crosswalk::prepared::{Prepared, RuleName};
use crate::crosswalk::translate::{Books, RuleUse, Scratch, drop_repeats};
use crate::crosswalk::{Crosswalk, place::normalised};

/// What a version makes of one coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedLine {
    /// The combination, or every gap (without line numbers).
    pub combination: Result<Combination, Vec<Unmapped>>,
    /// The rule that decided each segment.
    pub rules: Vec<Arc<RuleName>>,
}

type Known = HashMap<Dimensional, Arc<CodedLine>>;

/// Codes lines under one version, and remembers.
#[derive(Debug)]
pub struct Recoder<'a> {
    crosswalk: &'a Crosswalk,
    version: &'a Prepared,
    from: AccountingDate,
    known: BTreeMap<String, BTreeMap<AccountingDate, Known>>,
}

impl<'a> Recoder<'a> {
    /// For the version of that name; `None` if the crosswalk has none.
    pub fn of(crosswalk: &'a Crosswalk, version: &str) -> Option<Self> {
        let file = crosswalk.versions().iter().find(|f| f.version == version)?;
        Some(Self {
            crosswalk,
            version: crosswalk.prepared_named(version)?,
            from: file.effective_from,
            known: BTreeMap::new(),
        })
    }

    /// The name of its version.
    pub fn version(&self) -> &str {
        self.version.name()
    }

    /// What the version makes of a coding in the books of `entity`. Values must be usable on `date` or on the first day of the version,
    /// whichever is later.
    pub fn line(
        &mut self,
        entity: &str,
        date: AccountingDate,
        coding: &Dimensional,
    ) -> Arc<CodedLine> {
        let date = date.max(self.from);
        if !self.known.contains_key(entity) {
            self.known.insert(entity.to_owned(), BTreeMap::new());
        }
        let by_date = self
            .known
            .get_mut(entity)
            .map(|dates| dates.entry(date).or_default());
        if let Some(found) = by_date.and_then(|known| known.get(coding).cloned()) {
            return found;
        }
        let found = Arc::new(self.decide(entity, date, coding));
        let by_date = self.known.entry(entity.to_owned()).or_default();
        by_date
            .entry(date)
            .or_default()
            .insert(coding.clone(), found.clone());
        found
    }

    fn decide(&self, entity: &str, date: AccountingDate, coding: &Dimensional) -> CodedLine {
        let entity_id = normalised(entity);
        let books = Books {
            version: self.version,
            date,
            entity_id: &entity_id,
            entity: self.crosswalk.reference().entities.get(entity_id.as_ref()),
        };
        let coding = Coding::Dimensional(coding.clone());
        let (mut rules, mut gaps): (Vec<RuleUse>, _) = (Vec::new(), Vec::new());
        let mut scratch = Scratch::default();
        let combination =
            self.crosswalk
                .line(&books, 0, &coding, &mut scratch, &mut rules, &mut gaps);
        drop_repeats(&mut gaps, 0);
        for gap in &mut gaps {
            gap.line = None;
        }
        let is_whole = combination.segments.len() == self.version.segment_names().len();
        CodedLine {
            combination: if gaps.is_empty() && is_whole {
                Ok(combination)
            } else {
                Err(gaps)
            },
            rules: rules.into_iter().map(|used| used.by).collect(),
        }
    }
}
