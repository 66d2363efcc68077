//! `tieout document`: looking at documents. Deciding about them is in `decide`.

mod decide;
mod rules;

use clap::{Args, Subcommand};
use serde_json::json;
use tieout_engine::DeliveryState;
use tieout_model::{Document, DocumentKind, EntityId, LineFact, Timestamp, canonical};
use tieout_store::{DocumentDetail, DocumentFilter, DocumentRow, DocumentWord, Store};

use crate::cli::ConfigFile;
use crate::cli::document::decide::{DecideArguments, ResolveArguments};
use crate::cli::document::rules::Rules;
use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::systems::{chain, open_store};
use crate::{ambient, report};

#[derive(Debug, Subcommand)]
pub(crate) enum DocumentCommand {
    /// List documents, with the reason and the next step of those that stopped
    List(ListArguments),
    /// Show one document: its lines, how each was coded, and every attempt to deliver it
    Show(ShowArguments),
    /// Look again at a held document, at all held ones, or send a rejected one again
    Retry(decide::RetryArguments),
    /// Approve that a reversal held for disabled values takes the ones that supersede them
    Supersede(DecideArguments),
    /// Let a parked document go on; it is looked up in the target before anything is sent
    Release(DecideArguments),
    /// Declare a parked, rejected or uncertain document settled by hand: nothing of it is sent any more
    Resolve(ResolveArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Only these states: seen, mapped, queued, sent, acknowledged, accounted, held, rejected, uncertain, parked, superseded, reversed, resolved
    #[arg(long, value_name = "STATE", value_delimiter = '|')]
    state: Vec<String>,
    /// One entity only
    #[arg(long, value_name = "E")]
    entity: Option<String>,
    /// One kind only: journal_entry, supplier_invoice, supplier_credit
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Its number, its id or its stamp
    document: String,
    /// JSON on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(command: DocumentCommand) -> Result<u8, Failure> {
    match command {
        DocumentCommand::List(arguments) => list(arguments).await,
        DocumentCommand::Show(arguments) => show(arguments).await,
        DocumentCommand::Retry(arguments) => decide::retry(arguments).await,
        DocumentCommand::Supersede(arguments) => decide::supersede(arguments).await,
        DocumentCommand::Release(arguments) => decide::release(arguments).await,
        DocumentCommand::Resolve(arguments) => decide::resolve(arguments).await,
    }
}

fn unreadable(error: &dyn std::error::Error) -> Failure {
    let what = format!("the store cannot be read: {}", chain(error));
    Failure::Unreachable(Problem::new("P0301", what))
}

async fn list(arguments: ListArguments) -> Result<u8, Failure> {
    let mut states = Vec::new();
    for word in &arguments.state {
        let known: Vec<&str> = DocumentWord::ALL.iter().map(|state| state.word()).collect();
        states.push(DocumentWord::of_word(word).ok_or_else(|| {
            Problem::new("P0019", format!("--state {word:?} is unknown"))
                .hint(format!("one of {}; several joined by |", known.join(", ")))
        })?);
    }
    let kind = match &arguments.kind {
        Some(word) => Some(DocumentKind::of_word(word).ok_or_else(|| {
            Problem::new("P0019", format!("--kind {word:?} is unknown"))
                .hint("journal_entry, supplier_invoice or supplier_credit")
        })?),
        None => None,
    };
    let filter = DocumentFilter {
        states,
        entity: arguments.entity.as_ref().map(EntityId::new),
        kind,
        limit: arguments.limit,
        ..DocumentFilter::default()
    };
    let store = open_store(&arguments.config.load()?).await?;
    let rows = store.documents(&filter).await.map_err(|e| unreadable(&e))?;
    if arguments.json {
        let values: Vec<_> = rows.iter().map(row_json).collect();
        report::data(&format!("{}\n", serde_json::Value::Array(values)));
    } else if rows.is_empty() {
        report::say("no such documents");
    } else {
        let now = Timestamp::from_millis(ambient::unix_ms());
        let header = [
            "number",
            "kind",
            "entity",
            "date",
            "state",
            "age",
            "reason",
            "next step",
        ];
        report::data(&report::rows_table(
            &header,
            rows.iter().map(|row| cells(row, now)),
        ));
        if rows.len() == arguments.limit {
            report::say(&format!("the first {}; --limit shows more", rows.len()));
        }
    }
    Ok(0)
}

fn cells(row: &DocumentRow, now: Timestamp) -> Vec<String> {
    vec![
        row.number.clone(),
        row.kind.word().to_owned(),
        row.entity
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.accounting_date
            .map(|d| d.to_string())
            .unwrap_or_default(),
        row.state.word().to_owned(),
        age(now, row.since),
        row.reason.clone(),
        next_step(row).to_owned(),
    ]
}

fn age(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.millis().saturating_sub(since.millis()).max(0) / 1000;
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Codes of holds that end by themselves: an earlier state, or the original, is settled first.
const WAITING: [&str; 2] = ["P0210", "P0211"];

fn next_step(row: &DocumentRow) -> &'static str {
    let is_waiting = WAITING.iter().any(|code| row.reason.contains(code));
    match row.state {
        DocumentWord::Held if is_waiting => {
            "nothing: it goes on by itself once what it waits for is settled"
        }
        DocumentWord::Held => "correct what the reason names, then `tieout document retry`",
        DocumentWord::Rejected => "do what the reason says, then `tieout document retry`",
        DocumentWord::Parked => "look at both systems, then `tieout document release` or `resolve`",
        DocumentWord::Uncertain => "nothing: it is looked up by itself",
        DocumentWord::Queued | DocumentWord::Sent | DocumentWord::Acknowledged => {
            "nothing: it goes on by itself"
        }
        DocumentWord::Seen | DocumentWord::Mapped => "nothing: it goes on by itself",
        DocumentWord::Resolved => "nothing: a person settled it",
        DocumentWord::Accounted | DocumentWord::Superseded | DocumentWord::Reversed => "",
    }
}

fn row_json(row: &DocumentRow) -> serde_json::Value {
    json!({
        "id": row.id.to_string(),
        "number": row.number,
        "kind": row.kind.word(),
        "entity": row.entity.as_ref().map(ToString::to_string),
        "accounting_date": row.accounting_date.map(|d| d.to_string()),
        "state": row.state.word(),
        "reason": row.reason,
        "since": row.since.to_string(),
        "next_at": row.next_at.map(|at| at.to_string()),
        "next_step": next_step(row),
    })
}

async fn find(store: &Store, name: &str) -> Result<DocumentDetail, Failure> {
    let found = store.document(name).await.map_err(|e| unreadable(&e))?;
    let found = found.ok_or_else(|| {
        Problem::new(
            "P0020",
            format!("no document has the number, id or stamp {name:?}"),
        )
        .hint("`tieout document list` shows what is there")
    })?;
    if !found.others.is_empty() {
        let ids: Vec<String> = std::iter::once(found.row.id)
            .chain(found.others.iter().copied())
            .map(|id| id.to_string())
            .collect();
        return Err(Problem::new(
            "P0020",
            format!("{} documents have the number {name:?}", ids.len()),
        )
        .hint(format!("name one by its id: {}", ids.join(", ")))
        .into());
    }
    Ok(found)
}

async fn show(arguments: ShowArguments) -> Result<u8, Failure> {
    let config = arguments.config.load()?;
    let store = open_store(&config).await?;
    let detail = find(&store, &arguments.document).await?;
    let shown = shown(&store, &config, &detail).await?;
    if arguments.json {
        report::data(&format!("{}\n", shown.json));
    } else {
        report::data(&shown.words);
    }
    Ok(0)
}

/// A document in full: for people and as JSON.
pub(super) struct Shown {
    pub(super) words: String,
    pub(super) json: serde_json::Value,
}

/// The document in full, with the rules that coded its last delivery.
pub(super) async fn shown(
    store: &Store,
    config: &Config,
    detail: &DocumentDetail,
) -> Result<Shown, Failure> {
    let last = detail.deliveries.last().map(|d| &d.delivery);
    let coded = last.map(|d| (d.id, d.crosswalk_version.as_str()));
    let rules = Rules::of(store, config, coded).await?;
    Ok(Shown {
        words: detail_words(detail, &rules),
        json: detail_json(detail, &rules),
    })
}

fn facts(document: &Document) -> Vec<LineFact> {
    document.lines().unwrap_or_default()
}

/// The lines as captured.
fn source_facts(detail: &DocumentDetail) -> Vec<LineFact> {
    let envelope = detail.envelope.as_ref();
    envelope.map(|e| facts(&e.document)).unwrap_or_default()
}

/// The lines as last sent, or about to be.
fn sent_facts(detail: &DocumentDetail) -> Vec<LineFact> {
    let last = detail.deliveries.last();
    let document = last.and_then(|d| canonical::decode_document(&d.payload).ok());
    document.as_ref().map(facts).unwrap_or_default()
}

fn coding_text(line: &LineFact) -> String {
    match &line.coding {
        tieout_model::Coding::Dimensional(d) => {
            let mut parts = vec![d.account.to_string()];
            parts.extend(
                d.dimensions
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            );
            parts.extend(
                d.affiliate
                    .iter()
                    .map(|entity| format!("affiliate={entity}")),
            );
            parts.join(" ")
        }
        tieout_model::Coding::Segmented(c) => c.joined("-"),
    }
}

fn detail_words(detail: &DocumentDetail, rules: &Rules) -> String {
    let row = &detail.row;
    let mut text = format!(
        "{} {} of {} dated {}\nstate   {}\nborn at {}\nid      {}\n",
        row.kind.word(),
        row.number,
        row.entity
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        row.accounting_date
            .map(|d| d.to_string())
            .unwrap_or_default(),
        row.state.word(),
        detail.origin,
        row.id,
    );
    for hold in &detail.holds {
        text.push_str(&format!(
            "held    {}: {}\n        {}\n",
            hold.code, hold.summary, hold.remedy
        ));
    }
    let (source, sent) = (source_facts(detail), sent_facts(detail));
    let header = [
        "line",
        "source coding",
        "target combination",
        "ccy",
        "amount",
        "functional",
    ];
    let rows = source.iter().map(|line| {
        let there = sent.iter().find(|s| s.number == line.number);
        vec![
            line.number.to_string(),
            coding_text(line),
            there.map(coding_text).unwrap_or_default(),
            line.currency.to_string(),
            report::grouped(&line.amount.to_string()),
            report::grouped(&line.functional.to_string()),
        ]
    });
    text.push_str(&report::rows_table(&header, rows));
    text.push_str(&rules.table(&source, &sent));
    for stored in &detail.deliveries {
        let d = &stored.delivery;
        text.push_str(&format!(
            "\ndelivery {} ({}) to {} under crosswalk {} ({})\n  stamp {}, {} attempt(s), {}\n",
            d.id.number,
            d.role.word(),
            d.target,
            d.crosswalk_version,
            d.crosswalk.to_string().get(..16).unwrap_or_default(),
            d.marks.stamp,
            d.attempts,
            state_words(&d.state),
        ));
    }
    text
}

fn state_words(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Queued { not_before } => format!("queued, not before {not_before}"),
        DeliveryState::Leased { by, until } => {
            format!("being sent by {by}, believed until {until}")
        }
        DeliveryState::Submitted { job, poll_at, .. } => {
            format!("taken by the target ({}), asked again at {poll_at}", job.0)
        }
        DeliveryState::Uncertain { probe_at, absences } => {
            format!("outcome unknown, looked up at {probe_at}, not found {absences} time(s) so far")
        }
        DeliveryState::Posted(ack) => format!(
            "posted as {} ({}) in {} on {}, debits {} {}, read back at {}",
            ack.number,
            ack.reference,
            ack.period,
            ack.accounting_date,
            ack.total_debit,
            ack.currency,
            ack.read_at,
        ),
        DeliveryState::Rejected(r) => {
            format!(
                "refused: {} {} {}\n  to do: {}",
                r.code, r.message, r.place, r.remedy
            )
        }
        DeliveryState::Parked(why) => format!("parked: {why}"),
        DeliveryState::Resolved(how) => how.words(),
    }
}

fn detail_json(detail: &DocumentDetail, rules: &Rules) -> serde_json::Value {
    let line = |fact: &LineFact| {
        json!({
            "line": fact.number,
            "coding": coding_text(fact),
            "currency": fact.currency.code(),
            "amount": fact.amount.to_string(),
            "functional": fact.functional.to_string(),
            "rate": fact.rate.as_ref().map(|r| r.text().to_owned()),
        })
    };
    let deliveries: Vec<_> = detail
        .deliveries
        .iter()
        .map(|stored| {
            let d = &stored.delivery;
            let lines = canonical::decode_document(&stored.payload).ok();
            let lines: Vec<_> = lines
                .as_ref()
                .map(facts)
                .unwrap_or_default()
                .iter()
                .map(line)
                .collect();
            json!({
                "number": d.id.number,
                "role": d.role.word(),
                "target": d.target.as_str(),
                "stamp": d.marks.stamp.as_str(),
                "crosswalk_version": d.crosswalk_version,
                "crosswalk": d.crosswalk.to_string(),
                "state": d.state.word().word(),
                "state_words": state_words(&d.state),
                "attempts": d.attempts,
                "lines": lines,
            })
        })
        .collect();
    let (source, sent) = (source_facts(detail), sent_facts(detail));
    let holds: Vec<_> = detail
        .holds
        .iter()
        .map(|h| json!({ "code": h.code, "summary": h.summary, "remedy": h.remedy }))
        .collect();
    json!({
        "document": row_json(&detail.row),
        "origin": detail.origin,
        "holds": holds,
        "lines": source.iter().map(line).collect::<Vec<_>>(),
        "deliveries": deliveries,
        "rules": rules.json(&source, &sent),
    })
}
