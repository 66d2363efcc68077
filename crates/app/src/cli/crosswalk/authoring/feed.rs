//! `tieout crosswalk feed`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use tieout_engine::crosswalk::{Crosswalk, Reference};
use tieout_engine::feed::{Feed, FeedDelivery};
use tieout_engine::{DeliveryRole, DeliveryState};
use tieout_model::{DeliveryId, EntityId, Period, Revision, canonical};
use tieout_store::{DocumentFilter, DocumentWord, PostedDelivery, Store};

use crate::cli::ConfigFile;
use crate::cli::crosswalk::authoring::files::{unwritable, write};
use crate::problem::{Failure, Problem};
use crate::report;
use crate::systems::{chain, open_crosswalk, open_store};

#[derive(Debug, Args)]
pub(crate) struct FeedArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The period, as either system calls it
    #[arg(long, value_name = "PERIOD")]
    period: String,
    /// Folder the files go to; files of the same names are replaced
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

pub(super) async fn execute(arguments: FeedArguments) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let (crosswalk, reference) = open_crosswalk(&config)?;
    let period = period(&reference, &arguments.period)?;
    let store = open_store(&config).await?;
    let mut entities: BTreeSet<EntityId> = reference.entities.keys().map(EntityId::new).collect();
    for flow in &config.flow {
        entities.extend(flow.entities.iter().map(EntityId::new));
    }
    let mut feed = Feed::new(&crosswalk, &period.name_there);
    for entity in &entities {
        add_entity(&store, &crosswalk, entity, &period, &mut feed).await?;
    }
    let waiting = waiting(&store, &reference, &period).await?;
    let files = feed.files(waiting).map_err(|fault| {
        Problem::new("P0414", fault.to_string()).hint("correct what it names and run it again")
    })?;
    std::fs::create_dir_all(&arguments.out).map_err(|error| unwritable(&arguments.out, &error))?;
    for file in &files {
        write(&arguments.out.join(&file.name), &file.bytes)?;
    }
    report::say(&format!(
        "{} lines of {} in {} files in {}",
        feed.len(),
        period.name_there,
        files.len(),
        arguments.out.display()
    ));
    if waiting > 0 {
        report::say(&format!(
            "{waiting} documents of the period are not posted yet, so the feed is not complete; `tieout document list` shows them"
        ));
        return Ok(1);
    }
    Ok(0)
}

fn period(reference: &Reference, name: &str) -> Result<Period, Failure> {
    let mut periods = reference.calendar.periods().iter();
    let found = periods.find(|period| period.name == name || period.name_there == name);
    found.cloned().ok_or_else(|| {
        Problem::new("P0414", format!("no period is called {name:?}"))
            .hint("name it as in the signed calendar, as either system does")
            .into()
    })
}

fn unreadable(error: &dyn std::error::Error) -> Failure {
    let what = format!("the store cannot be read: {}", chain(error));
    Failure::Unreachable(Problem::new("P0301", what))
}

async fn add_entity(
    store: &Store,
    crosswalk: &Crosswalk,
    entity: &EntityId,
    period: &Period,
    feed: &mut Feed<'_>,
) -> Result<(), Failure> {
    let mut revisions: BTreeMap<DeliveryId, Revision> = BTreeMap::new();
    let mut mine: Vec<PostedDelivery> = Vec::new();
    let mut each = |posted: PostedDelivery| {
        let delivery = &posted.delivery;
        if delivery.role == DeliveryRole::Posting {
            revisions.insert(delivery.id, delivery.revision.clone());
        }
        if delivery.period == period.name_there {
            mine.push(posted);
        }
    };
    store
        .posted_of(entity, period.end, &mut each)
        .await
        .map_err(|error| unreadable(&error))?;
    // By date, and of one day in the order in which they were opened.
    mine.sort_by_key(|posted| posted.delivery.accounting_date);
    for posted in &mine {
        add(crosswalk, &revisions, posted, feed)?;
    }
    Ok(())
}

/// The captured document is kept in its latest revision only, so it speaks for a delivery only if that posted, or took back, this one.
fn add(
    crosswalk: &Crosswalk,
    revisions: &BTreeMap<DeliveryId, Revision>,
    posted: &PostedDelivery,
    feed: &mut Feed<'_>,
) -> Result<(), Failure> {
    let delivery = &posted.delivery;
    let DeliveryState::Posted(acknowledgement) = &delivery.state else {
        return Ok(());
    };
    let revision = match delivery.role {
        DeliveryRole::Posting => Some(&delivery.revision),
        DeliveryRole::Reversal => {
            let mut earlier = revisions.range(..delivery.id).rev();
            let same = earlier.find(|(id, _)| id.document == delivery.id.document);
            same.map(|(_, revision)| revision)
        }
    };
    let is_present = revision == Some(&posted.envelope.revision);
    let document = canonical::decode_document(&posted.payload).map_err(|fault| {
        let what = format!(
            "the payload of {} cannot be read: {fault}",
            delivery.marks.stamp
        );
        Failure::Unreachable(Problem::new("P0301", what))
    })?;
    let one = FeedDelivery {
        stamp: delivery.marks.stamp.as_str(),
        reference: &acknowledgement.reference,
        version: &delivery.crosswalk_version,
        posted: &document,
        source: is_present.then_some(&posted.envelope.document),
    };
    // Master records are coded by no version and have no lines.
    if crosswalk.versions().is_empty() || document.accounting_date().is_none() {
        return Ok(());
    }
    feed.add(&one).map_err(|fault| {
        Problem::new("P0414", fault.to_string())
            .hint("correct what it names and run it again")
            .into()
    })
}

/// How many documents of the period are on their way or stopped.
async fn waiting(store: &Store, reference: &Reference, period: &Period) -> Result<u64, Failure> {
    let filter = DocumentFilter {
        states: vec![
            DocumentWord::Seen,
            DocumentWord::Queued,
            DocumentWord::Sent,
            DocumentWord::Acknowledged,
            DocumentWord::Held,
            DocumentWord::Rejected,
            DocumentWord::Uncertain,
            DocumentWord::Parked,
        ],
        limit: usize::MAX,
        ..DocumentFilter::default()
    };
    let rows = store.documents(&filter).await;
    let rows = rows.map_err(|error| unreadable(&error))?;
    let is_mine = |date| {
        let found = reference.calendar.period_of(date, period.is_adjusting);
        found.is_some_and(|found| found.name == period.name)
    };
    let mine = rows
        .iter()
        .filter(|row| row.accounting_date.is_some_and(is_mine));
    Ok(u64::try_from(mine.count()).unwrap_or(u64::MAX))
}
