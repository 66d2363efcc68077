//! Turns "this period, this entity" into the questions that can be judged.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::{Lineage, Reference};
use tieout_engine::reconcile::{Request, SourceChart, TargetChart};
use tieout_model::{
    AccountClass, Calendar, Code, Coding, Digest, Dimensional, Document, EntityId, Envelope,
    JournalDraft, JournalEntry, JournalLine, JournalPurpose, NaturalKey, Origin, Period, Placement,
    PostingKind, Revision, SystemId, Timestamp,
};

use crate::context::Context;
use crate::reconcile::Question;

/// What was agreed on, independent of period and entity.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The company inside the system of record.
    pub company: String,
    /// Index of the natural account among the target's segments.
    pub natural_account: usize,
    /// Index of the balancing segment among the target's segments.
    pub balancing: usize,
    /// The source account that takes up the results of closed years.
    pub retained_earnings_account: String,
    /// How long a document may be on its way before it counts as missing, in milliseconds.
    pub in_flight_window_ms: i64,
    /// Journal sources of the target whose own entries are expected.
    pub excluded_sources: BTreeSet<String>,
}

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// A period's name on either side, or `all`.
    pub period: String,
    /// One entity, or all that travel.
    pub entity: Option<String>,
}

/// Why a question can't be put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// No flow carries the entity.
    #[error("no flow carries entity {asked:?}")]
    UnknownEntity {
        /// The entity asked for.
        asked: String,
        /// Entities that travel.
        known: Vec<String>,
    },
    /// No period has that name.
    #[error("no period is called {asked:?}")]
    UnknownPeriod {
        /// The period asked for.
        asked: String,
        /// Periods there are.
        known: Vec<String>,
    },
    /// Nobody signed where the entity lives.
    #[error("entity {0} is not in the signed reference data")]
    UnsignedEntity(String),
    /// The account for results of closed years has no place in the target.
    #[error("account {account} (retained earnings) cannot be translated: {why}")]
    RetainedEarnings {
        /// The account.
        account: String,
        /// Why.
        why: String,
    },
}

/// The questions for every wanted entity.
///
/// # Errors
/// [`Unanswerable`].
pub fn questions(
    context: &Context,
    terms: &Terms,
    wanted: &Wanted,
) -> Result<Vec<Question>, Unanswerable> {
    let mut travelling: BTreeMap<EntityId, (SystemId, SystemId)> = BTreeMap::new();
    for stream in &context.streams {
        for (entity, target) in &stream.targets {
            travelling.insert(entity.clone(), (stream.source.clone(), target.clone()));
        }
    }
    if let Some(asked) = &wanted.entity {
        let entity = EntityId::new(asked);
        if !travelling.contains_key(&entity) {
            let known = travelling.keys().map(ToString::to_string).collect();
            return Err(Unanswerable::UnknownEntity {
                asked: asked.clone(),
                known,
            });
        }
        travelling.retain(|other, _| *other == entity);
    }
    let asked = travelling.into_iter();
    asked
        .map(|(entity, systems)| question(context, terms, wanted, entity, systems))
        .collect()
}

fn question(
    context: &Context,
    terms: &Terms,
    wanted: &Wanted,
    entity: EntityId,
    (source, target): (SystemId, SystemId),
) -> Result<Question, Unanswerable> {
    let reference = context.crosswalk.reference();
    let placement = placement(reference, &entity)?;
    let calendar = reference.calendar.clone();
    let (snapshots, report) = periods(&calendar, &wanted.period)?;
    let retained = retained_earnings(context, terms, &entity, &source, snapshots.last())?;
    let request = Request {
        entity: entity.clone(),
        balancing_segment: placement.balancing_segment.clone(),
        currency: placement.currency,
        snapshots,
        report,
        target_chart: TargetChart {
            natural_account: terms.natural_account,
            balancing: terms.balancing,
            classes: classes(&reference.target_accounts),
            retained_earnings: retained,
        },
        source_chart: SourceChart {
            classes: classes(&reference.accounts),
            retained_earnings: Some(Code::new(&terms.retained_earnings_account)),
        },
        now: context.now(),
        in_flight_window_ms: terms.in_flight_window_ms,
        closed_at: BTreeMap::new(),
        excluded_sources: terms.excluded_sources.clone(),
        are_quantities_in_balances: false,
    };
    let company = terms.company.clone();
    Ok(Question {
        entity,
        placement,
        source,
        company,
        target,
        calendar,
        request,
    })
}

fn placement(reference: &Reference, entity: &EntityId) -> Result<Placement, Unanswerable> {
    let row = reference.entities.get(entity.as_str());
    let row = row.ok_or_else(|| Unanswerable::UnsignedEntity(entity.to_string()))?;
    Ok(Placement {
        ledger: row.ledger.clone(),
        legal_entity: row.legal_entity.clone(),
        business_unit: row.business_unit.clone(),
        balancing_segment: Code::new(&row.balancing_segment),
        currency: row.currency,
        period: String::new(),
    })
}

fn classes(accounts: &BTreeMap<String, AccountClass>) -> BTreeMap<Code, AccountClass> {
    accounts
        .iter()
        .map(|(code, class)| (Code::new(code), *class))
        .collect()
}

/// All periods up to the asked one, and the names of those to report.
fn periods(calendar: &Calendar, asked: &str) -> Result<(Vec<Period>, Vec<String>), Unanswerable> {
    let all = calendar.periods();
    if asked == "all" {
        return Ok((
            all.to_vec(),
            all.iter().map(|period| period.name.clone()).collect(),
        ));
    }
    let Some(found) = calendar.named(asked) else {
        let known = all.iter().map(|period| period.name.clone()).collect();
        return Err(Unanswerable::UnknownPeriod {
            asked: asked.to_owned(),
            known,
        });
    };
    let place = (found.fiscal_year, found.number);
    let until = all
        .iter()
        .filter(|p| (p.fiscal_year, p.number) <= place)
        .cloned()
        .collect();
    Ok((until, vec![found.name.clone()]))
}

/// Where results of closed years go in the target: the combination that the signed crosswalk gives the source's account for them.
fn retained_earnings(
    context: &Context,
    terms: &Terms,
    entity: &EntityId,
    source: &SystemId,
    last: Option<&Period>,
) -> Result<Vec<Code>, Unanswerable> {
    let cannot = |why: String| Unanswerable::RetainedEarnings {
        account: terms.retained_earnings_account.clone(),
        why,
    };
    let period = last.ok_or_else(|| cannot("there is no period".into()))?;
    let envelope = probe(context, terms, entity, source, period).map_err(&cannot)?;
    let translated = context
        .crosswalk
        .translate(&envelope, Lineage::None)
        .map_err(|gaps| {
            let words: Vec<String> = gaps.iter().map(ToString::to_string).collect();
            cannot(words.join("; "))
        })?;
    let lines = translated
        .document
        .lines()
        .map_err(|e| cannot(e.to_string()))?;
    let combination = lines
        .first()
        .and_then(|line| line.coding.combination().cloned());
    Ok(combination
        .ok_or_else(|| cannot("it has no combination".into()))?
        .segments)
}

/// An entry that touches nothing but that account, to see where it lands.
fn probe(
    context: &Context,
    terms: &Terms,
    entity: &EntityId,
    source: &SystemId,
    period: &Period,
) -> Result<Envelope, String> {
    let row = context.crosswalk.reference().entities.get(entity.as_str());
    let currency = row.ok_or("the entity is unknown")?.currency;
    let line = |number, units| {
        let amount = tieout_model::Amount::from_units(units, 0);
        JournalLine {
            number,
            coding: Coding::Dimensional(Dimensional {
                account: Code::new(&terms.retained_earnings_account),
                dimensions: BTreeMap::from([("location".to_owned(), Code::new(entity.as_str()))]),
                affiliate: None,
            }),
            currency,
            amount,
            functional: amount,
            rate: None,
            memo: String::new(),
        }
    };
    let draft = JournalDraft {
        entity: entity.clone(),
        functional_currency: currency,
        accounting_date: period.end,
        is_adjusting: period.is_adjusting,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::default(),
        reference: String::new(),
        description: String::new(),
        reverses: Vec::new(),
        placement: None,
        lines: vec![line(1, 1), line(2, -1)],
    };
    let entry = JournalEntry::try_new(draft).map_err(|e| e.to_string())?;
    let natural_key = NaturalKey::new("retained earnings");
    Ok(Envelope {
        origin: Origin {
            system: source.clone(),
            company: String::new(),
            natural_key,
        },
        number: "retained earnings".into(),
        revision: Revision::default(),
        modified: Timestamp::default(),
        aliases: Vec::new(),
        document: Document::JournalEntry(entry),
        evidence: Digest::default(),
    })
}
