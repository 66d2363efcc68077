//! A person decides about a document that stopped: `retry`, `release`, `resolve`. Every decision is audited with name and reason.

use clap::Args;
use tieout_engine::crosswalk::control::{APPROVALS, Act};
use tieout_engine::{
    Actor, Change, Changeset, Delivery, DeliveryEvent, DeliveryPolicy, DeliveryState, Moment,
    Resolution, settle,
};
use tieout_model::Timestamp;
use tieout_store::{CommitError, DocumentDetail, DocumentFilter, DocumentWord, Store};

use crate::cli::ConfigFile;
use crate::cli::document::find;
use crate::problem::{Failure, Problem};
use crate::register::{Ledger, NewStep};
use crate::systems::{chain, open_store, unreadable};
use crate::{ambient, report};

#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Its number, its id or its stamp
    document: String,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["posted_as", "never_sent"])))]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    decision: DecideArguments,
    /// It stands in the target already, entered by hand, under this number
    #[arg(long, value_name = "NUMBER")]
    posted_as: Option<String>,
    /// It is never to be sent
    #[arg(long)]
    never_sent: bool,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["document", "held"])))]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Its number, its id or its stamp
    document: Option<String>,
    /// Every held document: after a new version of the mapping was signed
    #[arg(long)]
    held: bool,
    /// Why; kept in the audit log with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Your name; left out, the login name of this machine
    #[arg(long, value_name = "NAME", env = "USER")]
    operator: String,
}

pub(super) async fn retry(arguments: RetryArguments) -> Result<u8, Failure> {
    let Some(document) = arguments.document.clone() else {
        return retry_held(&arguments).await;
    };
    let arguments = DecideArguments {
        config: arguments.config,
        document,
        reason: arguments.reason,
        operator: arguments.operator,
    };
    decide(&arguments, "retry", |detail, _| {
        is_in(
            detail,
            "retry",
            &[DocumentWord::Held, DocumentWord::Rejected],
        )?;
        // A rejected document is translated again, so that a corrected mapping counts.
        Ok(Change::Release {
            document: detail.row.id,
        })
    })
    .await
}

/// All held documents in one changeset: either every one of them is looked at again, or none.
async fn retry_held(arguments: &RetryArguments) -> Result<u8, Failure> {
    check_reason(&arguments.reason)?;
    let store = open_store(&arguments.config.load()?).await?;
    let filter = DocumentFilter {
        states: vec![DocumentWord::Held],
        limit: usize::MAX,
        ..DocumentFilter::default()
    };
    let rows = store.documents(&filter).await.map_err(|e| unreadable(&e))?;
    if rows.is_empty() {
        report::say("no document is held");
        return Ok(0);
    }
    let release = |row: &tieout_store::DocumentRow| Change::Release { document: row.id };
    let set = Changeset {
        by: Actor::Operator(arguments.operator.clone()),
        why: format!("retry every held document: {}", arguments.reason),
        at: Timestamp::from_millis(ambient::unix_ms()),
        changes: rows.iter().map(release).collect(),
    };
    commit(&store, set, "one of the documents").await?;
    report::say(&format!(
        "{} held documents will be looked at by the next pass of `tieout run`",
        rows.len()
    ));
    Ok(0)
}

/// The code of a hold for a disabled value.
const RETIRED: &str = "P0111";

/// A reversal that is held for disabled values goes on with the superseding ones.
pub(super) async fn supersede(arguments: DecideArguments) -> Result<u8, Failure> {
    check_reason(&arguments.reason)?;
    let mut ledger = Ledger::open(arguments.config.load()?).await?;
    let detail = find(&ledger.store, &arguments.document).await?;
    is_in(&detail, "approve", &[DocumentWord::Held])?;
    let document = detail.envelope.as_ref().map(|envelope| &envelope.document);
    let is_reversal = document.is_some_and(|document| !document.reverses().is_empty());
    if !is_reversal || !detail.holds.iter().any(|hold| hold.code == RETIRED) {
        let what = format!(
            "{} is no reversal that is held for a disabled value",
            detail.row.number
        );
        return Err(Problem::new("P0021", what)
            .hint("`tieout document show` names what it is held for")
            .into());
    }
    let step = NewStep {
        subject: APPROVALS.to_owned(),
        act: Act::Supersede,
        by: arguments.operator,
        reason: arguments.reason,
        facts: std::collections::BTreeMap::from([
            ("role".to_owned(), "controller".to_owned()),
            ("document".to_owned(), detail.row.id.to_string()),
            ("number".to_owned(), detail.row.number.clone()),
        ]),
        body: Vec::new(),
    };
    let release = Change::Release {
        document: detail.row.id,
    };
    let now = Timestamp::from_millis(ambient::unix_ms());
    ledger.take_with(step, now, vec![release]).await?;
    report::say(&format!(
        "{} goes on with the superseding values at the next pass of `tieout run`",
        detail.row.number
    ));
    Ok(0)
}

pub(super) async fn release(arguments: DecideArguments) -> Result<u8, Failure> {
    decide(&arguments, "release", |detail, moment| {
        is_in(detail, "release", &[DocumentWord::Parked])?;
        moved(detail, DeliveryEvent::Released, moment)
    })
    .await
}

pub(super) async fn resolve(arguments: ResolveArguments) -> Result<u8, Failure> {
    let reason = arguments.decision.reason.trim().to_owned();
    let how = match arguments.posted_as {
        Some(reference) if reference.trim().is_empty() => {
            return Err(Problem::new("P0021", "--posted-as is empty")
                .hint("name the record that stands in the target")
                .into());
        }
        Some(reference) => Resolution::PostedElsewhere { reference, reason },
        None => Resolution::NeverSent { reason },
    };
    decide(&arguments.decision, "resolve", |detail, moment| {
        if let Some(change) = changed_after(detail) {
            return Ok(change);
        }
        let stopped = [
            DocumentWord::Parked,
            DocumentWord::Rejected,
            DocumentWord::Uncertain,
        ];
        is_in(detail, "resolve", &stopped)?;
        moved(detail, DeliveryEvent::Resolved(how), moment)
    })
    .await
}

/// A document that was settled by hand before and changed since: its newer state is settled as well.
fn changed_after(detail: &DocumentDetail) -> Option<Change> {
    let last = last(detail)?;
    let is_settled = matches!(last.state, DeliveryState::Resolved(_));
    let revision = detail.revision.clone()?;
    (is_settled && detail.row.state == DocumentWord::Held).then_some(Change::SettleTranslation {
        document: detail.row.id,
        revision,
        is_deleted: detail.is_deleted,
    })
}

fn last(detail: &DocumentDetail) -> Option<&Delivery> {
    detail.deliveries.last().map(|stored| &stored.delivery)
}

fn is_in(detail: &DocumentDetail, verb: &str, states: &[DocumentWord]) -> Result<(), Failure> {
    if states.contains(&detail.row.state) {
        return Ok(());
    }
    let what = format!(
        "{} is {}, so there is nothing to {verb}",
        detail.row.number, detail.row.state
    );
    let hint = "retry is for held and rejected documents, release for parked ones, resolve for parked, rejected and uncertain ones";
    Err(Problem::new("P0021", what).hint(hint).into())
}

fn moved(detail: &DocumentDetail, event: DeliveryEvent, at: Moment) -> Result<Change, Failure> {
    let Some(delivery) = last(detail) else {
        let what = format!("{} has no delivery", detail.row.number);
        return Err(Problem::new("P0021", what).into());
    };
    settle(delivery, event, at, &DeliveryPolicy::default())
        .map_err(|e| Problem::new("P0021", e.to_string()).into())
}

async fn decide(
    arguments: &DecideArguments,
    verb: &str,
    change: impl FnOnce(&DocumentDetail, Moment) -> Result<Change, Failure>,
) -> Result<u8, Failure> {
    check_reason(&arguments.reason)?;
    let store = open_store(&arguments.config.load()?).await?;
    let detail = find(&store, &arguments.document).await?;
    let now = Timestamp::from_millis(ambient::unix_ms());
    let change = change(&detail, Moment { now, jitter: 0 })?;
    record(&store, arguments, verb, &detail, change, now).await?;
    let number = &detail.row.number;
    report::say(&if verb == "resolve" {
        format!("{number} is settled by hand; nothing of it is sent any more")
    } else {
        format!("{number} will be looked at by the next pass of `tieout run`")
    });
    Ok(0)
}

fn check_reason(reason: &str) -> Result<(), Failure> {
    if !reason.trim().is_empty() {
        return Ok(());
    }
    Err(Problem::new("P0021", "--reason is empty")
        .hint("say why; an auditor will ask")
        .into())
}

async fn record(
    store: &Store,
    arguments: &DecideArguments,
    verb: &str,
    detail: &DocumentDetail,
    change: Change,
    now: Timestamp,
) -> Result<(), Failure> {
    let set = Changeset {
        by: Actor::Operator(arguments.operator.clone()),
        why: format!("{verb} {}: {}", detail.row.number, arguments.reason),
        at: now,
        changes: vec![change],
    };
    commit(store, set, &detail.row.number).await
}

async fn commit(store: &Store, set: Changeset, what: &str) -> Result<(), Failure> {
    match store.commit(set).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict(_)) => {
            let what = format!("{what} moved while you decided; nothing was recorded");
            Err(Problem::new("P0021", what)
                .hint("look at it again with `tieout document show`, then decide")
                .into())
        }
        Err(e) => {
            let what = format!("the decision was not recorded: {}", chain(&e));
            Err(Failure::Unreachable(Problem::new("P0301", what)))
        }
    }
}
