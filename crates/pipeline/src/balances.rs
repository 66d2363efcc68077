//! Journals of our own that carry balances over to a changed balance-sheet mapping, or restate a period: target only, known to
//! reconciliation by their id.
//!
//! The journal is decided by the engine (`crosswalk::trial::moving_draft`) and recorded as a document without a source, with its
//! delivery beside it; the ordinary stages send it and read it back.

use tieout_engine::plan::{self, Coded, Waiting};
use tieout_engine::{Change, FlowId};
use tieout_model::{
    Digest, Document, Envelope, JournalEntry, NaturalKey, Origin, Revision, SystemId, Timestamp,
    Violations, canonical,
};

/// The system in which documents of our own are born. No source knows them.
pub const OWN_SYSTEM: &str = "tieout";

/// A journal to be recorded.
#[derive(Debug, Clone)]
pub struct BalanceJournal {
    /// The version that moves the balances.
    pub version: String,
    /// The period it restates; `None` if it moves balances at the cut of the version.
    pub restates: Option<String>,
    /// Digest of that version as signed.
    pub crosswalk: Digest,
    /// Its place among the journals of this kind, version and entity, from 1.
    pub number: u32,
    /// Where it goes.
    pub target: SystemId,
    /// The journal, already coded for the target.
    pub entry: JournalEntry,
}

/// The company under which journals for a version are recorded: those that restate a period apart from those that move balances at the cut.
pub fn company_of(version: &str, restates: Option<&str>) -> String {
    match restates {
        None => version.to_owned(),
        Some(period) => format!("{version} restates {period}"),
    }
}

/// The changes that record a journal and open its delivery.
///
/// # Errors
/// [`Violations`] only if the journal itself was not well formed.
pub fn changes(journal: BalanceJournal, now: Timestamp) -> Result<Vec<Change>, Violations> {
    let entity = journal.entry.draft().entity.as_str().to_owned();
    let document = Document::JournalEntry(journal.entry);
    let evidence = Digest::of(&canonical::encode_document(&document));
    let number = match &journal.restates {
        None => format!("XWALK-{}-{entity}-{}", journal.version, journal.number),
        Some(period) => {
            let version = &journal.version;
            format!("XREST-{version}-{period}-{entity}-{}", journal.number)
        }
    };
    let envelope = Envelope {
        origin: Origin {
            system: SystemId::new(OWN_SYSTEM),
            company: company_of(&journal.version, journal.restates.as_deref()),
            natural_key: NaturalKey::new(&number),
        },
        number,
        revision: Revision::new(evidence.to_string()),
        modified: now,
        aliases: Vec::new(),
        document: document.clone(),
        evidence,
    };
    let flow = FlowId(format!("{OWN_SYSTEM}/balances"));
    let waiting = Waiting {
        envelope: &envelope,
        flow: flow.clone(),
        target: journal.target,
        is_deleted: false,
        deliveries: &[],
    };
    let coded = Coded {
        document,
        version: journal.version,
        crosswalk: journal.crosswalk,
        lineage: Vec::new(),
    };
    let planned = plan::post(&waiting, coded, now, None)?;
    let record = Change::RecordEnvelope {
        flow,
        expected: None,
        envelope: Box::new(envelope.clone()),
    };
    Ok([record].into_iter().chain(planned).collect())
}
