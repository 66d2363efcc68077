//! Working out from the audit log alone what every row must be. Mirrors `apply.rs`, and reads what `engine::change` writes.

use std::collections::BTreeMap;

use tieout_engine::{AuditEntry, DeliveryState};
use tieout_model::canonical::Reader;
use tieout_model::{DeliveryId, Digest, DocumentId, Timestamp, Undecodable};

use crate::verify::trace::{
    Appended, CAPTURED, DELETED, DeliveryFacts, DeliveryTrace, DocumentTrace, HELD, HELD_TRANSIENT,
    MALFORMED, TRANSLATED, Trace, of_bytes, of_text, of_texts,
};

/// Calls, unanswered calls, bytes and milliseconds of one system and operation.
pub(super) type CallSums = [u64; 4];

/// What the log says so far.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) cursors: BTreeMap<String, String>,
    pub(super) documents: BTreeMap<DocumentId, DocumentTrace>,
    pub(super) deliveries: BTreeMap<DeliveryId, DeliveryTrace>,
    pub(super) crosswalks: Appended,
    pub(super) steps: Appended,
    pub(super) lineages: BTreeMap<DeliveryId, Trace>,
    pub(super) reconciliations: Appended,
    pub(super) breaks: Appended,
    pub(super) breaks_count: u64,
    pub(super) break_traces: Appended,
    pub(super) calls: BTreeMap<(String, String), CallSums>,
}

impl Replay {
    /// Takes the next entry in.
    pub(super) fn entry(&mut self, entry: &AuditEntry) -> Result<(), Undecodable> {
        let mut r = Reader::new(&entry.body);
        if r.number()? != 1 {
            return Err(r.expected("changeset encoding 1"));
        }
        let (_by, _why) = (r.text()?, r.text()?);
        let at = read_time(&mut r)?;
        if at != entry.at {
            return Err(r.expected("the time of its entry"));
        }
        let count: u64 = r.small()?;
        for _ in 0..count {
            self.change(&mut r, at)?;
        }
        r.end()
    }

    fn change(&mut self, r: &mut Reader<'_>, at: Timestamp) -> Result<(), Undecodable> {
        let tag = r.text()?;
        match tag.as_str() {
            "cursor" => {
                let flow = r.text()?;
                r.option(Reader::text)?;
                self.cursors.insert(flow, r.text()?);
                Ok(())
            }
            "envelope" => self.envelope(r, at),
            "malformed" => self.malformed(r, at),
            "deleted" | "translated" | "hold" | "release" => self.document_change(&tag, r, at),
            "open" | "move" | "refresh" => self.delivery_change(&tag, r, at),
            "crosswalk" => {
                let digest = read_digest(r)?;
                self.crosswalks.push(at, &[&r.text()?], Some(&digest));
                Ok(())
            }
            "step" => self.step(r, at),
            "lineage" => {
                let id = read_delivery_id(r)?;
                self.lineages.insert(id, read_digest(r)?.first_16());
                Ok(())
            }
            "reconciliation" => {
                let (entity, snapshot) = (r.text()?, r.text()?);
                let breaks: u32 = r.small()?;
                let digest = read_digest(r)?;
                let texts = [&*entity, &*snapshot, &breaks.to_string()];
                self.reconciliations.push(at, &texts, Some(&digest));
                Ok(())
            }
            "break" | "traced break" => {
                let texts = read_texts::<6>(r)?;
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                self.breaks.push(at, &texts, None);
                self.breaks_count += 1;
                if tag == "traced break" {
                    let number = self.breaks_count.to_string();
                    let body = read_digest(r)?;
                    self.break_traces.push(at, &[&*number], Some(&body));
                }
                Ok(())
            }
            "calls" => {
                let count: u64 = r.small()?;
                (0..count).try_for_each(|_| self.call(r))
            }
            _ => Err(r.expected("a known change")),
        }
    }

    fn step(&mut self, r: &mut Reader<'_>, at: Timestamp) -> Result<(), Undecodable> {
        let subject = r.text()?;
        let number: u32 = r.small()?;
        let [act, person] = read_texts::<2>(r)?;
        if read_time(r)? != at {
            return Err(r.expected("the time of its changeset"));
        }
        let reason = r.text()?;
        let facts = Digest::of(r.bytes()?).to_string();
        let body = read_digest(r)?;
        let texts = [
            &*subject,
            &*number.to_string(),
            &act,
            &person,
            &reason,
            &facts,
        ];
        self.steps.push(at, &texts, Some(&body));
        Ok(())
    }

    fn envelope(&mut self, r: &mut Reader<'_>, at: Timestamp) -> Result<(), Undecodable> {
        let flow = r.text()?;
        r.option(Reader::text)?;
        let [origin, number, revision] = read_texts::<3>(r)?;
        let body = read_digest(r)?;
        let id = DocumentId::of_text(&origin);
        let settled = self.documents.get(&id).and_then(|known| known.settled);
        let trace = DocumentTrace {
            facts: of_texts(&[&flow, &origin, &number, &revision], Some(&body)),
            revision: Some(of_text(&revision)),
            settled,
            state: CAPTURED,
            captured_at: at,
            held_at: None,
            deleted_at: None,
            notices: None,
        };
        self.documents.insert(id, trace);
        Ok(())
    }

    fn malformed(&mut self, r: &mut Reader<'_>, at: Timestamp) -> Result<(), Undecodable> {
        let [flow, origin, number, kind] = read_texts::<4>(r)?;
        let entity = r.option(Reader::text)?.unwrap_or_default();
        let notices = read_notice(r)?;
        let facts = of_texts(&[&flow, &origin, &number, &kind, &entity], None);
        let known = self
            .documents
            .entry(DocumentId::of_text(&origin))
            .or_insert(DocumentTrace {
                facts,
                revision: None,
                settled: None,
                state: MALFORMED,
                captured_at: at,
                held_at: None,
                deleted_at: None,
                notices: None,
            });
        if known.revision.is_none() {
            known.facts = facts;
        }
        known.state = MALFORMED;
        known.held_at = Some(at);
        known.deleted_at = None;
        known.notices = trace_of_notices(&[notices]);
        Ok(())
    }

    fn document_change(
        &mut self,
        tag: &str,
        r: &mut Reader<'_>,
        at: Timestamp,
    ) -> Result<(), Undecodable> {
        let id = read_id(r)?;
        let known = self.documents.get_mut(&id);
        let known = known.ok_or_else(|| r.expected("a document recorded before"))?;
        match tag {
            "deleted" if known.deleted_at.is_some() => return Ok(()),
            "deleted" => {
                let never = known.revision.is_none();
                known.state = if never { DELETED } else { CAPTURED };
                known.deleted_at = Some(at);
                known.held_at = None;
                known.notices = None;
            }
            "translated" => {
                let revision = of_text(&r.text()?);
                known.state = match (known.deleted_at, r.flag()?) {
                    (None, false) => TRANSLATED,
                    (Some(_), true) => DELETED,
                    (None, true) | (Some(_), false) => CAPTURED,
                };
                known.settled = Some(revision);
                known.held_at = None;
                known.notices = None;
            }
            "hold" => {
                let _revision = r.text()?;
                let notices = r.list(read_notice)?;
                known.state = if r.flag()? { HELD_TRANSIENT } else { HELD };
                known.held_at = Some(at);
                known.notices = trace_of_notices(&notices);
            }
            _ => {
                known.state = CAPTURED;
                known.held_at = None;
                known.notices = None;
            }
        }
        Ok(())
    }

    fn delivery_change(
        &mut self,
        tag: &str,
        r: &mut Reader<'_>,
        at: Timestamp,
    ) -> Result<(), Undecodable> {
        match tag {
            "open" => {
                let (id, trace) = read_opened(r)?;
                self.deliveries.insert(id, trace);
            }
            "refresh" => {
                let id = read_delivery_id(r)?;
                let version = r.small::<u64>()?.saturating_add(1);
                let (_, trace) = read_opened(r)?;
                self.deliveries
                    .insert(id, DeliveryTrace { version, ..trace });
            }
            _ => {
                let id = read_delivery_id(r)?;
                let expected: u64 = r.small()?;
                let state = DeliveryState::read(r)?;
                let attempts = r.small()?;
                let known = self.deliveries.get_mut(&id);
                let known = known.ok_or_else(|| r.expected("a delivery opened before"))?;
                known.state = of_bytes(&state.encode());
                known.version = expected.saturating_add(1);
                known.attempts = attempts;
                known.moved_at = at;
            }
        }
        Ok(())
    }

    fn call(&mut self, r: &mut Reader<'_>) -> Result<(), Undecodable> {
        read_time(r)?;
        let [system, operation, _credential] = read_texts::<3>(r)?;
        read_digest(r)?;
        let is_unanswered = r.small::<u16>()? == 0;
        read_digest(r)?;
        let [bytes, duration_ms] = [r.small::<u64>()?, r.small::<u64>()?];
        let sums = self.calls.entry((system, operation)).or_default();
        let more = [1, u64::from(is_unanswered), bytes, duration_ms];
        for (sum, more) in sums.iter_mut().zip(more) {
            *sum = sum.saturating_add(more);
        }
        Ok(())
    }
}

/// The trace of hold notices; `None` for none.
pub(super) fn trace_of_notices(notices: &[[String; 3]]) -> Option<Trace> {
    let texts: Vec<&str> = notices.iter().flatten().map(String::as_str).collect();
    (!texts.is_empty()).then(|| of_texts(&texts, None))
}

fn read_opened(r: &mut Reader<'_>) -> Result<(DeliveryId, DeliveryTrace), Undecodable> {
    let id = read_delivery_id(r)?;
    let marks = read_texts::<6>(r)?;
    let crosswalk = read_digest(r)?;
    let others = read_texts::<7>(r)?;
    let version = r.small()?;
    let attempts = r.small()?;
    let opened_at = read_time(r)?;
    let moved_at = read_time(r)?;
    let state = DeliveryState::read(r)?;
    let payload = read_digest(r)?.first_16();
    let mut texts: [String; 13] = Default::default();
    let given = marks.into_iter().chain(others);
    texts
        .iter_mut()
        .zip(given)
        .for_each(|(text, given)| *text = given);
    let facts = DeliveryFacts {
        texts,
        crosswalk,
        opened_at,
    };
    let trace = DeliveryTrace {
        facts: facts.trace(),
        payload,
        state: of_bytes(&state.encode()),
        version,
        attempts,
        moved_at,
    };
    Ok((id, trace))
}

fn read_id(r: &mut Reader<'_>) -> Result<DocumentId, Undecodable> {
    let bytes = r.bytes()?.try_into();
    bytes
        .map(DocumentId::from_bytes)
        .map_err(|_| r.expected("a document's id"))
}

fn read_delivery_id(r: &mut Reader<'_>) -> Result<DeliveryId, Undecodable> {
    Ok(DeliveryId {
        document: read_id(r)?,
        number: r.small()?,
    })
}

fn read_digest(r: &mut Reader<'_>) -> Result<Digest, Undecodable> {
    let bytes = r.bytes()?.try_into();
    bytes
        .map(Digest::from_bytes)
        .map_err(|_| r.expected("a digest"))
}

fn read_time(r: &mut Reader<'_>) -> Result<Timestamp, Undecodable> {
    let micros = r.signed()?;
    i64::try_from(micros)
        .map(Timestamp)
        .map_err(|_| r.expected("a timestamp"))
}

fn read_notice(r: &mut Reader<'_>) -> Result<[String; 3], Undecodable> {
    read_texts(r)
}

fn read_texts<const N: usize>(r: &mut Reader<'_>) -> Result<[String; N], Undecodable> {
    let mut texts = [const { String::new() }; N];
    for text in &mut texts {
        *text = r.text()?;
    }
    Ok(texts)
}
