//! Holding each row against what the audit log says about it.

use std::collections::BTreeMap;

use crate::link::{Link, Row, params};
use tieout_engine::Delivery;
use tieout_model::{DeliveryId, Digest, DocumentId, EntityId, Envelope, Timestamp, canonical};

use crate::failure::LoadError;
use crate::read::finding::counters;
use crate::row::{self, DELIVERY_COLUMNS, delivery_columns};
use crate::verify::VerifyFailure;
use crate::verify::replay::{CallSums, Replay, trace_of_notices};
use crate::verify::trace::{
    Appended, DeliveryFacts, DeliveryTrace, DocumentTrace, of_bytes, of_text, of_texts,
};

const DOCUMENTS: &str = "SELECT m.id, m.flow, m.origin, m.number, m.revision, m.kind, m.entity, m.state, m.settled_revision, \
     m.captured_at, m.held_at, m.deleted_at, e.body, m.system, m.accounting_date, m.modified FROM document m \
     LEFT JOIN envelope e ON e.document = m.sequence ORDER BY m.sequence";
const NOTICES: &str =
    "SELECT document, code, summary, remedy FROM hold ORDER BY document, position";
const DELIVERIES: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", p.body, d.state, d.due_at, p.delivery FROM delivery d LEFT JOIN payload p ON p.delivery = d.sequence ORDER BY d.sequence"
);
const STAMPS: &str = "SELECT (SELECT COUNT(*) FROM delivery), (SELECT COUNT(*) FROM stamp), \
     (SELECT COUNT(*) FROM stamp s JOIN payload p ON p.delivery = s.delivery AND p.stamp = s.stamp)";
const CURSORS: &str = "SELECT flow, position FROM cursor";
const CROSSWALKS: &str = "SELECT at, digest, summary FROM crosswalk ORDER BY sequence";
const STEPS: &str = "SELECT at, digest, subject, number, act, person, reason, body, facts FROM register_step ORDER BY sequence";
const LINEAGES: &str = "SELECT document, number, body FROM lineage";
const RECONCILIATIONS: &str =
    "SELECT at, digest, entity, snapshot, breaks FROM reconciliation ORDER BY sequence";
const BREAKS: &str =
    "SELECT at, entity, snapshot, class, status, document, summary FROM break ORDER BY sequence";
const BREAK_TRACES: &str = "SELECT b.at, t.sequence, t.body FROM break_trace t JOIN break b ON b.sequence = t.sequence ORDER BY t.sequence";

/// Every document's row; takes no trace away, since the notices are compared after it.
pub(super) fn documents(connection: &Link<'_>, replay: &mut Replay) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(DOCUMENTS)?;
    let mut rows = statement.query(params![])?;
    let mut found = 0_usize;
    while let Some(row) = rows.next()? {
        let id = row::document_id(row, 0)?;
        let Some(trace) = replay.documents.get(&id) else {
            return differs(format!("document {id}"), "no audit entry recorded it");
        };
        document(row, id, trace)?;
        found = found.saturating_add(1);
    }
    if found == replay.documents.len() {
        return Ok(());
    }
    let exists = |id: &DocumentId| -> Result<bool, VerifyFailure> {
        let mut statement = connection.prepare_cached("SELECT 1 FROM document WHERE id = ?1")?;
        Ok(statement.exists(params![id.as_bytes()])?)
    };
    for id in replay.documents.keys() {
        if !exists(id)? {
            return differs(format!("document {id}"), "its row is missing");
        }
    }
    differs("the table of documents".to_owned(), "it holds a row twice")
}

fn document(row: Row<'_>, id: DocumentId, trace: &DocumentTrace) -> Result<(), VerifyFailure> {
    let subject = || format!("document {id}");
    let flow = row::text(row, 1)?;
    let origin = row::text(row, 2)?;
    let number = row::text(row, 3)?;
    let revision: Option<String> = row.get(4)?;
    let kind = row::text(row, 5)?;
    let entity: Option<String> = row.get(6)?;
    let body: Option<Vec<u8>> = row.get(12)?;
    let facts = match (&revision, &body) {
        (Some(revision), Some(body)) => {
            let texts = [&*flow, &*origin, &*number, &**revision];
            of_texts(&texts, Some(&Digest::of(body)))
        }
        _ => {
            let entity = entity.as_deref().unwrap_or_default();
            of_texts(&[&*flow, &*origin, &*number, &*kind, entity], None)
        }
    };
    if facts != trace.facts {
        let what = "its flow, origin, number, revision or envelope differs";
        return differs(subject(), what);
    }
    let revision = revision.as_deref().map(of_text);
    let settled: Option<String> = row.get(8)?;
    if revision != trace.revision || settled.as_deref().map(of_text) != trace.settled {
        return differs(subject(), "the revision that was dealt with differs");
    }
    let state = row::text(row, 7)?;
    let times: [Option<i64>; 3] = [row.get(9)?, row.get(10)?, row.get(11)?];
    let logged = [Some(trace.captured_at), trace.held_at, trace.deleted_at];
    if state != trace.state || times != logged.map(|at| at.map(|at| at.0)) {
        let what = format!("it is {state}, but the log says {}", trace.state);
        return differs(subject(), what);
    }
    let system = row::text(row, 13)?;
    let agrees = match body {
        Some(body) => {
            let envelope = canonical::decode_envelope(&body).map_err(LoadError::from)?;
            let date: Option<String> = row.get(14)?;
            let modified: Option<i64> = row.get(15)?;
            system == envelope.origin.system.as_str()
                && kind == envelope.document.kind().word()
                && entity.as_deref() == envelope.document.entity().map(EntityId::as_str)
                && date == date_of(&envelope)
                && modified == Some(envelope.modified.0)
        }
        None => origin
            .strip_prefix(&*system)
            .is_some_and(|rest| rest.starts_with('/')),
    };
    if agrees {
        Ok(())
    } else {
        differs(subject(), "its columns differ from its envelope")
    }
}

fn date_of(envelope: &Envelope) -> Option<String> {
    let date = envelope.document.accounting_date();
    date.map(|date| date.to_string())
}

/// The notices of all held documents, and no others.
pub(super) fn notices(connection: &Link<'_>, replay: &Replay) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(NOTICES)?;
    let mut rows = statement.query(params![])?;
    let mut stored: BTreeMap<DocumentId, Vec<[String; 3]>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let notice = [row.get(1)?, row.get(2)?, row.get(3)?];
        stored
            .entry(row::document_id(row, 0)?)
            .or_default()
            .push(notice);
    }
    for (id, trace) in &replay.documents {
        let notices = stored.get(id).map_or(&[][..], Vec::as_slice);
        if trace_of_notices(notices) != trace.notices {
            return differs(format!("document {id}"), "the reasons of its hold differ");
        }
    }
    Ok(())
}

/// Every delivery's row; takes each trace away, so that what is left is missing.
pub(super) fn deliveries(connection: &Link<'_>, replay: &mut Replay) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(DELIVERIES)?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let facts: Option<i64> = row.get(DELIVERY_COLUMNS + 3)?;
        if facts.is_none() {
            let subject = format!(
                "delivery {} of {}",
                row.get::<u32>(1)?,
                row::document_id(row, 0)?
            );
            return differs(subject, "its payload and facts are missing");
        }
        let stored = row::delivery(row)?;
        let id = stored.id;
        let Some(trace) = replay.deliveries.remove(&id) else {
            return differs(format!("delivery {id}"), "no audit entry opened it");
        };
        delivery(row, &stored, &trace)?;
    }
    match replay.deliveries.keys().next() {
        Some(id) => differs(format!("delivery {id}"), "its row is missing"),
        None => Ok(()),
    }
}

fn delivery(row: Row<'_>, stored: &Delivery, trace: &DeliveryTrace) -> Result<(), VerifyFailure> {
    let id: DeliveryId = stored.id;
    let subject = || format!("delivery {id}");
    if facts_of(stored).trace() != trace.facts {
        return differs(subject(), "its facts differ from those it was opened with");
    }
    let payload: Option<Vec<u8>> = row.get(DELIVERY_COLUMNS)?;
    if payload.as_deref().map(of_bytes) != Some(trace.payload) {
        return differs(subject(), "its payload differs");
    }
    let word = row::text(row, DELIVERY_COLUMNS + 1)?;
    let due_at: Option<i64> = row.get(DELIVERY_COLUMNS + 2)?;
    let is_in_state = of_bytes(&stored.state.encode()) == trace.state
        && word == stored.state.word().word()
        && due_at.map(Timestamp) == stored.state.due_at();
    if !is_in_state {
        return differs(subject(), "its state differs");
    }
    let moves = (stored.version, stored.attempts, stored.moved_at);
    if moves != (trace.version, trace.attempts, trace.moved_at) {
        return differs(subject(), "its version, attempts or time differ");
    }
    Ok(())
}

fn facts_of(stored: &Delivery) -> DeliveryFacts {
    let texts = [
        &*stored.flow.0,
        stored.role.word(),
        stored.marks.stamp.as_str(),
        stored.marks.key.as_str(),
        stored.revision.as_str(),
        &stored.crosswalk_version,
        stored.kind.word(),
        stored.entity.as_str(),
        stored.target.as_str(),
        &stored.number,
        &stored.party,
        &stored.accounting_date.to_string(),
        &stored.period,
    ];
    DeliveryFacts {
        texts: texts.map(str::to_owned),
        crosswalk: stored.crosswalk,
        opened_at: stored.opened_at,
    }
}

/// The stamp of every delivery leads to it, and no other does.
pub(super) fn stamps(connection: &Link<'_>) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare_cached(STAMPS)?;
    let counts = statement.query_opt(params![], |row| {
        let counts: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        Ok(counts)
    })?;
    match counts {
        Some([deliveries, stamps, right]) if deliveries == stamps && stamps == right => Ok(()),
        Some(_) | None => differs("the table of stamps".to_owned(), "a row differs"),
    }
}

/// How far each flow has read.
pub(super) fn cursors(connection: &Link<'_>, replay: &Replay) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(CURSORS)?;
    let mut rows = statement.query(params![])?;
    let mut stored = BTreeMap::new();
    while let Some(row) = rows.next()? {
        stored.insert(row::text(row, 0)?, row::text(row, 1)?);
    }
    if stored == replay.cursors {
        Ok(())
    } else {
        differs("the table of cursors".to_owned(), "a flow stands elsewhere")
    }
}

/// Crosswalks, reconciliations, breaks and call counters.
pub(super) fn findings(connection: &Link<'_>, replay: &Replay) -> Result<(), VerifyFailure> {
    let tables = [
        ("crosswalks", CROSSWALKS, replay.crosswalks),
        ("reconciliations", RECONCILIATIONS, replay.reconciliations),
    ];
    for (name, statement, logged) in tables {
        let stored = appended(connection, statement, true)?;
        if stored != logged {
            return differs(format!("the table of {name}"), "a row differs");
        }
    }
    if appended(connection, BREAKS, false)? != replay.breaks {
        return differs("the table of breaks".to_owned(), "a row differs");
    }
    if break_traces(connection)? != replay.break_traces {
        let subject = "what a break was traced to".to_owned();
        return differs(subject, "a row differs");
    }
    let counters = counters(connection)?.into_iter().map(|counter| {
        let sums: CallSums = [
            counter.calls,
            counter.unanswered,
            counter.response_bytes,
            counter.duration_ms,
        ];
        ((counter.system, counter.operation), sums)
    });
    if counters.collect::<BTreeMap<_, _>>() == replay.calls {
        Ok(())
    } else {
        differs("the table of call counters".to_owned(), "a count differs")
    }
}

fn break_traces(connection: &Link<'_>) -> Result<Appended, VerifyFailure> {
    let mut statement = connection.prepare(BREAK_TRACES)?;
    let mut rows = statement.query(params![])?;
    let mut all = Appended::default();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(1)?;
        let body: Vec<u8> = row.get(2)?;
        let digest = Digest::of(&body);
        all.push(
            Timestamp(row.get(0)?),
            &[&*number.to_string()],
            Some(&digest),
        );
    }
    Ok(all)
}

/// Every step of change control with its body, and the rules behind every delivery.
pub(super) fn register(connection: &Link<'_>, replay: &Replay) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(STEPS)?;
    let mut rows = statement.query(params![])?;
    let mut all = Appended::default();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(7)?;
        let digest = row::digest(row, 1)?;
        if digest != Digest::of(&body) {
            return differs("the register of versions".to_owned(), "a body differs");
        }
        let number: u32 = row.get(3)?;
        let facts: Vec<u8> = row.get(8)?;
        let texts = [
            row::text(row, 2)?,
            number.to_string(),
            row::text(row, 4)?,
            row::text(row, 5)?,
            row::text(row, 6)?,
            Digest::of(&facts).to_string(),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        all.push(Timestamp(row.get(0)?), &texts, Some(&digest));
    }
    if all != replay.steps {
        return differs("the register of versions".to_owned(), "a step differs");
    }
    let mut statement = connection.prepare(LINEAGES)?;
    let mut rows = statement.query(params![])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id = DeliveryId {
            document: row::document_id(row, 0)?,
            number: row.get(1)?,
        };
        let body: Vec<u8> = row.get(2)?;
        found.insert(id, of_bytes(&body));
    }
    if found == replay.lineages {
        Ok(())
    } else {
        differs("the rules behind a delivery".to_owned(), "a row differs")
    }
}

/// The rows of a statement whose first column is a time, then a digest if `has_digest`, then texts and counts.
fn appended(
    connection: &Link<'_>,
    statement: &str,
    has_digest: bool,
) -> Result<Appended, VerifyFailure> {
    let mut statement = connection.prepare(statement)?;
    let mut rows = statement.query(params![])?;
    let mut all = Appended::default();
    while let Some(row) = rows.next()? {
        let body = if has_digest {
            Some(row::digest(row, 1)?)
        } else {
            None
        };
        let first = 1 + usize::from(has_digest);
        let texts = (first..row.width()).map(|column| match row.get::<i64>(column) {
            Ok(number) => Ok(number.to_string()),
            Err(_) => row.get(column),
        });
        let texts = texts.collect::<Result<Vec<String>, _>>()?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        all.push(Timestamp(row.get(0)?), &texts, body.as_ref());
    }
    Ok(all)
}

fn differs(subject: String, what: impl Into<String>) -> Result<(), VerifyFailure> {
    Err(VerifyFailure::Differs {
        subject,
        what: what.into(),
    })
}
