//! Re-codes documents and keeps what moves from which combination to which.
#![expect(
    clippy::disallowed_types,
    reason = "asked once per line of a whole year; what is listed from them is sorted first, so no order reaches output"
)]

use std::collections::HashMap;
use std::sync::Arc;

use tieout_model::canonical::Writer;
use tieout_model::{
    AccountClass, AccountingDate, Amount, AmountFault, Code, Currency, Digest, DocumentKind,
    LineFact,
};

use crate::crosswalk::Crosswalk;
use crate::crosswalk::trial::gaps::Gaps;
use crate::crosswalk::trial::recoder::Recoder;

/// A document to be tried.
#[derive(Debug, Clone, Copy)]
pub struct TrialDocument<'a> {
    /// Its number for people.
    pub number: &'a str,
    /// Its kind.
    pub kind: DocumentKind,
    /// Its entity.
    pub entity: &'a str,
    /// Functional currency of that entity.
    pub currency: Currency,
    /// Its accounting date.
    pub date: AccountingDate,
    /// Its lines as the source has them.
    pub source: &'a [LineFact],
    /// Its lines as recorded; `None` to code them by the version in force on its date.
    pub recorded: Option<&'a [LineFact]>,
}

/// Where an amount stands before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MoveKey {
    /// The entity.
    pub entity: Arc<str>,
    /// Functional currency, or STAT.
    pub currency: Currency,
    /// Segments before; empty if the document is held there.
    pub old: Vec<Code>,
    /// Segments after; empty if the document would be held.
    pub new: Vec<Code>,
    /// True if the balance carries forward for ever (asset, liability, equity).
    pub is_carried: bool,
}

/// How much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Move {
    /// Lines.
    pub lines: u64,
    /// Their sum.
    pub net: Amount,
    /// The sum of their absolute amounts.
    pub gross: Amount,
}

/// A document of which a line moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affected {
    /// Its entity.
    pub entity: Arc<str>,
    /// Its number.
    pub number: String,
    /// Its kind, in a word.
    pub kind: &'static str,
    /// Its accounting date.
    pub date: AccountingDate,
    /// Absolute amounts of the lines that move.
    pub gross: Amount,
    /// True if it would be held.
    pub is_held: bool,
}

/// A trial that can't be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialFault {
    /// A sum leaves the range of 38 digits.
    #[error("document {document}: {fault}")]
    Amount {
        /// The document.
        document: String,
        /// Why.
        #[source]
        fault: AmountFault,
    },
    /// No such version.
    #[error("the crosswalk has no version {0:?}")]
    NoVersion(String),
}

/// A trial of one version.
#[derive(Debug)]
pub struct Simulation<'a> {
    base: &'a Crosswalk,
    old: HashMap<String, Recoder<'a>>,
    new: Recoder<'a>,
    classes: HashMap<&'a str, AccountClass>,
    entities: HashMap<String, Arc<str>>,
    moves: HashMap<MoveKey, Move>,
    pub(super) affected: Vec<Affected>,
    pub(super) gaps: Gaps,
    pub(super) documents: u64,
    pub(super) lines: u64,
}

impl<'a> Simulation<'a> {
    /// Of `version` of `tried`; lines without recorded coding are coded by `base` before.
    ///
    /// # Errors
    /// [`TrialFault::NoVersion`].
    pub fn new(
        base: &'a Crosswalk,
        tried: &'a Crosswalk,
        version: &str,
    ) -> Result<Self, TrialFault> {
        let new = Recoder::of(tried, version);
        let accounts = tried.reference().accounts.iter();
        Ok(Self {
            base,
            old: HashMap::new(),
            new: new.ok_or_else(|| TrialFault::NoVersion(version.to_owned()))?,
            classes: accounts
                .map(|(code, class)| (code.as_str(), *class))
                .collect(),
            entities: HashMap::new(),
            moves: HashMap::new(),
            affected: Vec::new(),
            gaps: Gaps::default(),
            documents: 0,
            lines: 0,
        })
    }

    /// Takes one document in.
    ///
    /// # Errors
    /// [`TrialFault::Amount`].
    pub fn add(&mut self, document: &TrialDocument<'_>) -> Result<(), TrialFault> {
        let entity = match self.entities.get(document.entity) {
            Some(known) => known.clone(),
            None => {
                let fresh: Arc<str> = Arc::from(document.entity);
                self.entities
                    .insert(document.entity.to_owned(), fresh.clone());
                fresh
            }
        };
        self.documents = self.documents.saturating_add(1);
        let mut moved = Amount::default();
        let (mut is_affected, mut is_held) = (false, false);
        for (i, line) in document.source.iter().enumerate() {
            let recorded = document
                .recorded
                .and_then(|lines| recorded_line(lines, i, line.number));
            let change = self.line(document, &entity, line, recorded);
            let (amount, has_moved, holds) = change.map_err(|fault| TrialFault::Amount {
                document: document.number.to_owned(),
                fault,
            })?;
            is_held |= holds;
            if has_moved {
                is_affected = true;
                moved = moved
                    .plus(amount.abs())
                    .map_err(|fault| TrialFault::Amount {
                        document: document.number.to_owned(),
                        fault,
                    })?;
            }
        }
        if is_affected {
            self.affected.push(Affected {
                entity,
                number: document.number.to_owned(),
                kind: document.kind.word(),
                date: document.date,
                gross: moved,
                is_held,
            });
        }
        Ok(())
    }

    /// The amount of the line, whether it moves, and whether it would be held.
    fn line(
        &mut self,
        document: &TrialDocument<'_>,
        entity: &Arc<str>,
        line: &LineFact,
        recorded: Option<&LineFact>,
    ) -> Result<(Amount, bool, bool), AmountFault> {
        let Some(coding) = line.coding.dimensional() else {
            return Ok((Amount::default(), false, false));
        };
        self.lines = self.lines.saturating_add(1);
        let is_statistical = line.currency.is_statistical();
        let (currency, amount) = if is_statistical {
            (line.currency, line.amount)
        } else {
            (document.currency, line.functional)
        };
        let old = match recorded.and_then(|line| line.coding.combination()) {
            Some(combination) => combination.segments.clone(),
            None => self.coded_before(document, coding),
        };
        let coded = self.new.line(document.entity, document.date, coding);
        let (new, is_held) = match &coded.combination {
            Ok(combination) => (combination.segments.clone(), false),
            Err(gaps) => {
                self.gaps.note(document.number, gaps, currency, amount)?;
                (Vec::new(), true)
            }
        };
        let has_moved = old != new;
        let class = self.classes.get(coding.account.as_str().trim());
        let key = MoveKey {
            entity: entity.clone(),
            currency,
            old,
            new,
            is_carried: class.is_some_and(|class| class.is_balance_sheet()),
        };
        let total = self.moves.entry(key).or_default();
        total.lines = total.lines.saturating_add(1);
        total.net = total.net.plus(amount)?;
        total.gross = total.gross.plus(amount.abs())?;
        Ok((amount, has_moved, is_held))
    }

    fn coded_before(
        &mut self,
        document: &TrialDocument<'_>,
        coding: &tieout_model::Dimensional,
    ) -> Vec<Code> {
        let Some(version) = self.base.version_on(document.date) else {
            return Vec::new();
        };
        let name = &version.version;
        if !self.old.contains_key(name)
            && let Some(recoder) = Recoder::of(self.base, name)
        {
            self.old.insert(name.clone(), recoder);
        }
        let recoder = self.old.get_mut(name);
        let coded = recoder.map(|recoder| recoder.line(document.entity, document.date, coding));
        let combination = coded.and_then(|coded| coded.combination.clone().ok());
        combination.map_or_else(Vec::new, |combination| combination.segments)
    }

    /// Every pair of combinations with what stands there, in a fixed order.
    pub fn moves(&self) -> Vec<(&MoveKey, &Move)> {
        let mut found: Vec<(&MoveKey, &Move)> = self.moves.iter().collect();
        found.sort_by(|a, b| a.0.cmp(b.0));
        found
    }

    /// The documents of which a line moves, in a fixed order.
    pub fn affected(&self) -> Vec<&Affected> {
        let mut found: Vec<&Affected> = self.affected.iter().collect();
        found.sort();
        found
    }

    /// Digest of the affected documents, so that a report need not name a million of them.
    pub(super) fn affected_digest(&self) -> Digest {
        let mut w = Writer::new();
        for one in self.affected() {
            w.text(&one.entity);
            w.text(&one.number);
            w.text(one.kind);
            w.text(&one.date.to_string());
            w.amount(one.gross);
            w.flag(one.is_held);
        }
        Digest::of(&w.finish())
    }

    /// What would be held.
    pub fn gaps(&self) -> &Gaps {
        &self.gaps
    }

    /// Documents taken in.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Lines taken in.
    pub fn lines(&self) -> u64 {
        self.lines
    }
}

fn recorded_line(lines: &[LineFact], position: usize, number: u32) -> Option<&LineFact> {
    let same = lines.get(position).filter(|line| line.number == number);
    same.or_else(|| lines.iter().find(|line| line.number == number))
}
