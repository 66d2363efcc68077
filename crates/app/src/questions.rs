//! Turns "this period, this entity" into the questions that the pipeline reconciles.

use std::collections::{BTreeMap, BTreeSet};

use tieout_engine::crosswalk::Lineage;
use tieout_engine::reconcile::{Reconciliation, Request, SourceChart, TargetChart};
use tieout_model::{
    Code, Coding, Digest, Dimensional, Document, EntityId, Envelope, JournalDraft, JournalEntry,
    JournalLine, JournalPurpose, NaturalKey, Origin, Period, Placement, PostingKind, Revision,
    SystemId, Timestamp,
};
use tieout_pipeline::reconcile::{Question, pass};

use crate::cli::run_failure;
use crate::problem::{Failure, Problem};
use crate::systems::Wired;

/// What a person asked for.
pub(crate) struct Wanted {
    /// A period's name on either side, or `all`.
    pub(crate) period: String,
    /// One entity, or all that travel.
    pub(crate) entity: Option<String>,
}

/// Asks and judges, entity by entity.
pub(crate) async fn ask(wired: &Wired, wanted: &Wanted) -> Result<Vec<Reconciliation>, Failure> {
    let mut results = Vec::new();
    for question in questions(wired, wanted)? {
        results.push(pass(&wired.context, &question).await.map_err(run_failure)?);
    }
    Ok(results)
}

fn questions(wired: &Wired, wanted: &Wanted) -> Result<Vec<Question>, Failure> {
    let travelling: BTreeMap<EntityId, (SystemId, SystemId)> = wired
        .context
        .streams
        .iter()
        .flat_map(|stream| {
            let source = stream.source.clone();
            let pairs = stream.targets.iter();
            pairs.map(move |(entity, target)| (entity.clone(), (source.clone(), target.clone())))
        })
        .collect();
    if let Some(entity) = &wanted.entity
        && !travelling.contains_key(&EntityId::new(entity))
    {
        let known: Vec<&str> = travelling.keys().map(EntityId::as_str).collect();
        return Err(
            Problem::new("P0015", format!("no flow carries entity {entity:?}"))
                .hint(format!("one of {}", known.join(", ")))
                .into(),
        );
    }
    let is_wanted = |entity: &EntityId| {
        wanted
            .entity
            .as_ref()
            .is_none_or(|name| name == entity.as_str())
    };
    let chosen = travelling
        .into_iter()
        .filter(|(entity, _)| is_wanted(entity));
    chosen
        .map(|(entity, systems)| question(wired, wanted, entity, systems))
        .collect()
}

fn question(
    wired: &Wired,
    wanted: &Wanted,
    entity: EntityId,
    (source, target): (SystemId, SystemId),
) -> Result<Question, Failure> {
    let reference = &wired.reference;
    let row = reference.entities.get(entity.as_str()).ok_or_else(|| {
        Problem::new(
            "P0010",
            format!("entity {entity} is not in the signed reference data"),
        )
    })?;
    let calendar = reference.calendar.clone();
    let (snapshots, report) = periods(&calendar, &wanted.period)?;
    let placement = Placement {
        ledger: row.ledger.clone(),
        legal_entity: row.legal_entity.clone(),
        business_unit: row.business_unit.clone(),
        balancing_segment: Code::new(&row.balancing_segment),
        currency: row.currency,
        period: String::new(),
    };
    let config = &wired.config;
    let retained = retained_earnings(wired, &entity, &source, snapshots.last())?;
    let request = Request {
        entity: entity.clone(),
        balancing_segment: placement.balancing_segment.clone(),
        currency: row.currency,
        snapshots,
        report,
        target_chart: TargetChart {
            natural_account: config.fusion.index_of(&config.fusion.natural_account),
            balancing: config.fusion.index_of(&config.fusion.balancing),
            classes: classes(&reference.target_accounts),
            retained_earnings: retained,
        },
        source_chart: SourceChart {
            classes: classes(&reference.accounts),
            retained_earnings: Some(Code::new(&config.reconcile.retained_earnings_account)),
        },
        now: wired.context.now(),
        in_flight_window_ms: config
            .reconcile
            .in_flight_window_hours
            .saturating_mul(3_600_000),
        closed_at: BTreeMap::new(),
        excluded_sources: config
            .reconcile
            .excluded_sources
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>(),
        are_quantities_in_balances: false,
    };
    let company = config.intacct.company_id.clone();
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

fn classes(
    accounts: &BTreeMap<String, tieout_model::AccountClass>,
) -> BTreeMap<Code, tieout_model::AccountClass> {
    accounts
        .iter()
        .map(|(code, class)| (Code::new(code), *class))
        .collect()
}

/// All periods up to the asked one, and the names of those to report.
fn periods(
    calendar: &tieout_model::Calendar,
    wanted: &str,
) -> Result<(Vec<Period>, Vec<String>), Failure> {
    let all = calendar.periods();
    if wanted == "all" {
        return Ok((all.to_vec(), all.iter().map(|p| p.name.clone()).collect()));
    }
    let Some(asked) = calendar.named(wanted) else {
        let known: Vec<&str> = all.iter().map(|p| p.name.as_str()).take(24).collect();
        return Err(
            Problem::new("P0016", format!("no period is called {wanted:?}"))
                .hint(format!("one of {} …, or all", known.join(", ")))
                .into(),
        );
    };
    let place = (asked.fiscal_year, asked.number);
    let until = all
        .iter()
        .filter(|p| (p.fiscal_year, p.number) <= place)
        .cloned()
        .collect();
    Ok((until, vec![asked.name.clone()]))
}

/// Where results of closed years go in the target: the combination that the signed crosswalk gives the source's account for them.
fn retained_earnings(
    wired: &Wired,
    entity: &EntityId,
    source: &SystemId,
    last: Option<&Period>,
) -> Result<Vec<Code>, Failure> {
    let account = &wired.config.reconcile.retained_earnings_account;
    let cannot = |why: String| {
        let what = format!("account {account} (retained earnings) cannot be translated: {why}");
        Failure::from(Problem::new("P0017", what).hint(
            "[reconcile] retained_earnings_account must be an account that the crosswalk maps",
        ))
    };
    let period = last.ok_or_else(|| cannot("there is no period".into()))?;
    let row = wired.reference.entities.get(entity.as_str());
    let currency = row
        .ok_or_else(|| cannot("the entity is unknown".into()))?
        .currency;
    let location = BTreeMap::from([("location".to_owned(), Code::new(entity.as_str()))]);
    let line = |number, units| JournalLine {
        number,
        coding: Coding::Dimensional(Dimensional {
            account: Code::new(account),
            dimensions: location.clone(),
            affiliate: None,
        }),
        currency,
        amount: tieout_model::Amount::from_units(units, 0),
        functional: tieout_model::Amount::from_units(units, 0),
        rate: None,
        memo: String::new(),
    };
    let draft = JournalDraft {
        entity: entity.clone(),
        functional_currency: currency,
        accounting_date: period.end,
        is_adjusting: period.is_adjusting,
        purpose: JournalPurpose::Standard,
        posting_kind: PostingKind::Journal,
        journal: Code::new(""),
        reference: String::new(),
        description: String::new(),
        reverses: Vec::new(),
        placement: None,
        lines: vec![line(1, 1), line(2, -1)],
    };
    let entry = JournalEntry::try_new(draft).map_err(|e| cannot(e.to_string()))?;
    let envelope = Envelope {
        origin: Origin {
            system: source.clone(),
            company: String::new(),
            natural_key: NaturalKey::new("retained earnings"),
        },
        number: "retained earnings".into(),
        revision: Revision::default(),
        modified: Timestamp::default(),
        aliases: Vec::new(),
        document: Document::JournalEntry(entry),
        evidence: Digest::default(),
    };
    let translated = wired.context.crosswalk.translate(&envelope, Lineage::None);
    let translated = translated.map_err(|gaps| {
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
