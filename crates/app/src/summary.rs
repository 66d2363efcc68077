//! The object of JSON that ends `demo`, `run --drain` and `reconcile`, and the same in words.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tieout_engine::StateWord;
use tieout_engine::reconcile::{Break, BreakStatus, Reconciliation, SnapshotResult};

use tieout_store::Counts;

use crate::problem::{Failure, Problem};
use crate::systems::{Wired, chain};

/// One line of the tie-out: an entity at a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TieOut {
    /// Label of the snapshot.
    pub(crate) period: String,
    /// The entity.
    pub(crate) entity: String,
    /// Keys compared.
    pub(crate) keys: usize,
    /// Differences that somebody has to deal with.
    pub(crate) breaks: usize,
    /// Sum of the source's debits.
    pub(crate) source_total_debit: String,
    /// Sum of the target's debits.
    pub(crate) target_total_debit: String,
}

/// What a run did and where it stands.
pub(crate) struct Summary {
    documents: BTreeMap<&'static str, u64>,
    calls: BTreeMap<String, u64>,
    tie_out: Vec<TieOut>,
    audit_entries: u64,
    audit_head: String,
    restored: Option<Lost>,
}

/// The span that a restored database does not know, and what was found of it.
struct Lost {
    from: String,
    until: String,
    is_read: bool,
    found: u64,
}

/// The lines of the tie-out.
pub(crate) fn tie_out(results: &[Reconciliation]) -> Vec<TieOut> {
    let mut lines: Vec<TieOut> = Vec::new();
    for result in results {
        for snapshot in &result.snapshots {
            lines.push(TieOut {
                period: snapshot.label.to_string(),
                entity: result.entity.as_str().to_owned(),
                keys: snapshot.keys_total,
                breaks: open_breaks(result, snapshot).count() + result.gaps.len(),
                source_total_debit: snapshot.source_total_debit.to_string(),
                target_total_debit: snapshot.target_total_debit.to_string(),
            });
        }
    }
    lines
}

/// Breaks of a snapshot that are not explained.
pub(crate) fn open_breaks<'a>(
    result: &'a Reconciliation,
    snapshot: &'a SnapshotResult,
) -> impl Iterator<Item = &'a Break> {
    result
        .breaks_of(snapshot)
        .filter(|found| found.status != BreakStatus::Explained)
}

/// Where documents stand, in the words of the interface. Deliveries count one by one: a corrected document has several.
fn documents(counts: &Counts) -> BTreeMap<&'static str, u64> {
    let stored = |state: &str| counts.documents_in(state);
    let sent = |state: StateWord| counts.deliveries_in(state);
    let held = stored("held") + stored("held_transient") + stored("malformed");
    BTreeMap::from([
        ("captured", counts.documents.values().sum()),
        ("posted", sent(StateWord::Posted)),
        ("held", held),
        ("rejected", sent(StateWord::Rejected)),
        ("uncertain", sent(StateWord::Uncertain)),
        (
            "in_flight",
            sent(StateWord::Queued) + sent(StateWord::Leased) + sent(StateWord::Submitted),
        ),
        ("parked", sent(StateWord::Parked)),
        ("resolved", sent(StateWord::Resolved)),
        ("waiting", stored("captured")),
    ])
}

impl Summary {
    /// Reads where things stand.
    pub(crate) async fn of(wired: &Wired, tie_out: Vec<TieOut>) -> Result<Self, Failure> {
        let store = &wired.context.store;
        let unreadable = |e: &dyn std::error::Error| {
            Failure::Unreachable(Problem::new(
                "P0301",
                format!("the store cannot be read: {}", chain(e)),
            ))
        };
        wired
            .context
            .commit("summary", Vec::new())
            .await
            .map_err(|e| unreadable(&e))?;
        let counts = store.counts().await.map_err(|e| unreadable(&e))?;
        let head = store.audit_head().await.map_err(|e| unreadable(&e))?;
        let calls = store.call_counters().await.map_err(|e| unreadable(&e))?;
        let mut by_system = BTreeMap::from([("intacct".to_owned(), 0), ("fusion".to_owned(), 0)]);
        for call in calls {
            *by_system.entry(call.system).or_insert(0) += call.calls;
        }
        let restored = store.restored().await.map_err(|e| unreadable(&e))?;
        let restored = match restored {
            Some(restored) => Some(Lost {
                found: store
                    .found_again(&restored)
                    .await
                    .map_err(|e| unreadable(&e))?,
                from: restored.from.to_string(),
                until: restored.at.to_string(),
                is_read: restored.through.is_some(),
            }),
            None => None,
        };
        Ok(Self {
            restored,
            documents: documents(&counts),
            calls: by_system,
            tie_out,
            audit_entries: head.sequence,
            audit_head: head.digest.to_string(),
        })
    }

    /// 0 if everything is posted and ties, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        let stopped = [
            "held",
            "rejected",
            "uncertain",
            "in_flight",
            "parked",
            "waiting",
        ];
        let is_stopped = stopped
            .iter()
            .any(|word| self.documents.get(word).is_some_and(|n| *n > 0));
        u8::from(is_stopped || self.tie_out.iter().any(|line| line.breaks > 0))
    }

    fn value(&self) -> Value {
        let lines: Vec<Value> = self
            .tie_out
            .iter()
            .map(|line| {
                json!({
                    "period": line.period,
                    "entity": line.entity,
                    "keys": line.keys,
                    "breaks": line.breaks,
                    "source_total_debit": line.source_total_debit,
                    "target_total_debit": line.target_total_debit,
                })
            })
            .collect();
        let mut value = json!({
            "documents": self.documents,
            "calls": self.calls,
            "tie_out": lines,
            "audit": { "entries": self.audit_entries, "head": self.audit_head },
        });
        if let (Some(lost), Some(object)) = (&self.restored, value.as_object_mut()) {
            let lost = json!({
                "not_known_from": lost.from,
                "not_known_until": lost.until,
                "sources_read_again": lost.is_read,
                "postings_found_again": lost.found,
            });
            object.insert("restored".into(), lost);
        }
        value
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        self.value().to_string()
    }

    /// One line of JSON with every break and gap in full.
    pub(crate) fn json_with(&self, results: &[Reconciliation]) -> String {
        let mut value = self.value();
        let breaks: Vec<Value> = results.iter().flat_map(breaks_json).collect();
        let gaps: Vec<Value> = results
            .iter()
            .flat_map(|r| {
                r.gaps
                    .iter()
                    .map(|gap| json!({"entity": r.entity.as_str(), "gap": gap.to_string()}))
            })
            .collect();
        if let Some(object) = value.as_object_mut() {
            object.insert("breaks".into(), Value::Array(breaks));
            object.insert("gaps".into(), Value::Array(gaps));
        }
        value.to_string()
    }

    /// The same in words.
    pub(crate) fn words(&self) -> String {
        let documents: Vec<String> = [
            "captured",
            "posted",
            "held",
            "rejected",
            "uncertain",
            "parked",
        ]
        .into_iter()
        .map(|word| format!("{} {word}", self.documents.get(word).copied().unwrap_or(0)))
        .collect();
        let calls: Vec<String> = self
            .calls
            .iter()
            .map(|(s, n)| format!("{n} to {s}"))
            .collect();
        let lost = self.restored.as_ref().map_or(String::new(), |lost| {
            format!(
                "; restored: what was done from {} to {} was not known here, {} postings of it were found again",
                lost.from, lost.until, lost.found
            )
        });
        format!(
            "documents: {}; calls: {}; audit log: {} entries, head {}{lost}",
            documents.join(", "),
            calls.join(", "),
            self.audit_entries,
            self.audit_head.get(..16).unwrap_or_default(),
        )
    }
}

/// Every break of a reconciliation as JSON.
pub(crate) fn breaks_json(result: &Reconciliation) -> Vec<Value> {
    let one = |found: &Break| {
        let differences: Vec<Value> = found
            .differences
            .iter()
            .map(|d| {
                let segments: Vec<&str> = d.key.segments().iter().map(|s| s.as_str()).collect();
                json!({
                    "snapshot": &*d.snapshot,
                    "key": d.key.to_string(),
                    "segments": segments,
                    "currency": d.key.currency.code(),
                    "source": d.source.to_string(),
                    "target": d.target.to_string(),
                    "difference": d.difference.to_string(),
                })
            })
            .collect();
        json!({
            "entity": result.entity.as_str(),
            "class": found.class.word(),
            "status": found.status.word(),
            "document": found.number,
            "expected": found.expected,
            "found": found.found,
            "remedy": found.remedy,
            "differences": differences,
        })
    };
    result.breaks.iter().map(one).collect()
}
