//! `tieout crosswalk replay`: the same document and the same version give the same bytes, on any day.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;
use tieout_engine::DeliveryRole;
use tieout_engine::crosswalk::{Crosswalk, Lineage, RECORDED_RULE, SUPERSEDED_RULE};
use tieout_engine::delivery::correction::renumbered;
use tieout_engine::lineage;
use tieout_model::{Document, EntityId, Envelope, canonical};
use tieout_store::{RecordedDocument, Store, StoredDelivery};

use crate::cli::ConfigFile;
use crate::problem::{Failure, Problem};
use crate::register::Ledger;
use crate::report;
use crate::systems::{open_crosswalk, unreadable};
use crate::trial::Span;

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Period, by its name on either side (P12-2026 or Dec-26); FY2026 for a year; `all`
    #[arg(long, value_name = "P", default_value = "all")]
    period: String,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Default)]
struct Tally {
    same: u64,
    /// Sent in an earlier state of the document, which is not kept.
    older: u64,
    /// Never sent: held, or not yet dealt with.
    unsent: u64,
    differing: Vec<String>,
}

/// A posting to be made again.
struct Posting {
    envelope: Envelope,
    stored: StoredDelivery,
}

pub(crate) async fn execute(arguments: ReplayArguments) -> Result<u8, Failure> {
    let ledger = Ledger::open(arguments.config.load()?).await?;
    let (crosswalk, reference) = if ledger.config.crosswalk.register {
        ledger.crosswalk().await?
    } else {
        open_crosswalk(&ledger.config)?
    };
    let span = Span::of(&arguments.period, &reference.calendar)?;
    let mut tally = Tally::default();
    for entity in reference.entities.keys() {
        replay(
            &ledger.store,
            &crosswalk,
            &EntityId::new(entity),
            &span,
            &mut tally,
        )
        .await?;
    }
    if arguments.json {
        let json = json!({
            "same": tally.same,
            "older_revisions": tally.older,
            "not_sent": tally.unsent,
            "differing": tally.differing,
        });
        report::data(&format!("{json}\n"));
    } else {
        for line in &tally.differing {
            report::data(&format!("{line}\n"));
        }
    }
    report::say(&format!(
        "{} documents coded again to the same bytes, {} differ; {} sent in an earlier state, {} not sent",
        tally.same,
        tally.differing.len(),
        tally.older,
        tally.unsent
    ));
    Ok(u8::from(!tally.differing.is_empty()))
}

async fn replay(
    store: &Store,
    crosswalk: &Crosswalk,
    entity: &EntityId,
    span: &Span,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let mut reversed: BTreeSet<String> = BTreeSet::new();
    let mut note = |row: RecordedDocument| {
        let keys = row.envelope.document.reverses();
        reversed.extend(keys.iter().map(|key| key.as_str().to_owned()));
    };
    store
        .recorded_of(entity, &mut note)
        .await
        .map_err(|e| unreadable(&e))?;
    let mut originals: BTreeMap<String, (Document, String)> = BTreeMap::new();
    let mut postings: Vec<Posting> = Vec::new();
    let mut unread = None;
    let mut take = |row: RecordedDocument| {
        if let Err(error) = sort(row, span, &reversed, &mut originals, &mut postings, tally) {
            unread = Some(error.to_string());
        }
    };
    store
        .recorded_of(entity, &mut take)
        .await
        .map_err(|e| unreadable(&e))?;
    if let Some(what) = unread {
        return Err(Failure::Unreachable(Problem::new("P0304", what)));
    }
    for posting in postings {
        let id = posting.stored.delivery.id;
        let recorded = store.lineage(id).await.map_err(|e| unreadable(&e))?;
        let number = &posting.envelope.number;
        match again(crosswalk, &posting, &originals, recorded.as_deref()) {
            Ok(()) => tally.same += 1,
            Err(what) => tally.differing.push(format!("{number} ({entity}): {what}")),
        }
    }
    Ok(())
}

fn sort(
    row: RecordedDocument,
    span: &Span,
    reversed: &BTreeSet<String>,
    originals: &mut BTreeMap<String, (Document, String)>,
    postings: &mut Vec<Posting>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let envelope = row.envelope;
    let is_posting = |d: &StoredDelivery| d.delivery.role == DeliveryRole::Posting;
    let Some(stored) = row.deliveries.into_iter().rfind(is_posting) else {
        tally.unsent += 1;
        return Ok(());
    };
    let keys = [&envelope.origin.natural_key]
        .into_iter()
        .chain(&envelope.aliases);
    for key in keys.filter(|key| reversed.contains(key.as_str())) {
        let document = canonical::decode_document(&stored.payload)?;
        let version = stored.delivery.crosswalk_version.clone();
        originals.insert(key.as_str().to_owned(), (document, version));
    }
    let date = envelope.document.accounting_date();
    let is_adjusting = envelope.document.is_adjusting();
    let is_own = envelope
        .document
        .lines()?
        .iter()
        .all(|line| line.coding.dimensional().is_none());
    if is_own || date.is_none_or(|date| !span.holds(date, is_adjusting)) {
        return Ok(());
    }
    if stored.delivery.revision != envelope.revision {
        tally.older += 1;
        return Ok(());
    }
    postings.push(Posting { envelope, stored });
    Ok(())
}

/// The approval that decided a segment, if one did.
fn superseded_by(recorded: &[u8]) -> Option<String> {
    let lines = lineage::decode(recorded).ok()?;
    let mut rules = lines.values().flatten();
    rules.find_map(|(_, rule)| Some(rule.strip_prefix(SUPERSEDED_RULE)?.to_owned()))
}

/// Codes a document again, as it was coded then.
fn again(
    crosswalk: &Crosswalk,
    posting: &Posting,
    originals: &BTreeMap<String, (Document, String)>,
    recorded: Option<&[u8]>,
) -> Result<(), String> {
    let delivery = &posting.stored.delivery;
    let document = &posting.envelope.document;
    let original = document
        .reverses()
        .iter()
        .find_map(|key| originals.get(key.as_str()));
    let lineage = match (original, document.accounting_date()) {
        (Some((original, version)), Some(on)) => Lineage::Reverses {
            original,
            version,
            on,
        },
        _ => Lineage::Recorded {
            version: &delivery.crosswalk_version,
        },
    };
    let approval = recorded.and_then(superseded_by);
    let translated = match (lineage, &approval) {
        (
            Lineage::Reverses {
                original,
                version,
                on,
            },
            Some(approval),
        ) => crosswalk.translate_superseding(&posting.envelope, (original, version), on, approval),
        _ => crosswalk.translate(&posting.envelope, lineage),
    };
    let coded = translated.map_err(|gaps| {
        let words: Vec<String> = gaps.iter().map(ToString::to_string).collect();
        format!("it would be held today: {}", words.join("; "))
    })?;
    if coded.crosswalk != delivery.crosswalk {
        return Err(format!(
            "version {} is not the one it was coded by",
            coded.version
        ));
    }
    let again = renumbered(coded.document, delivery.id.number).map_err(|e| e.to_string())?;
    if canonical::encode_document(&again) != posting.stored.payload {
        return Err("the translated document differs from what was sent".into());
    }
    let is_mirror = coded.rules.iter().any(|rule| rule.by.rule == RECORDED_RULE);
    match recorded {
        Some(recorded) if recorded != lineage::encode(&coded.rules) && !is_mirror => {
            Err("other rules decide than those recorded".into())
        }
        _ => Ok(()),
    }
}
