//! Proving that nobody altered the database behind our back.
//!
//! The whole chain is read and recomputed. While it is read, `replay.rs` works out what every row must be; then `compare.rs` holds each
//! row against that. So an edited table row is noticed, not only an edited audit entry. Memory: some 200 bytes per document, whatever the
//! sizes of documents. Of an SQLite file the indexes are held against the rows too. Not covered: aliases (they are a search aid; the envelope
//! that names them is covered).

mod compare;
mod replay;
mod trace;

use std::sync::mpsc::{SyncSender, sync_channel};

use crate::link::{Link, LinkError, params};
use tieout_engine::{AuditEntry, Tampering, Verified};
use tieout_model::{Digest, Undecodable};

use crate::dialect;
use crate::failure::LoadError;
use crate::read::audit::{AuditHead, entry};
use crate::store::Store;
use crate::verify::replay::Replay;

/// The first thing that is wrong with the audit log or with what it explains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyFailure {
    /// The chain is broken.
    #[error("the audit log was altered")]
    Tampered(#[source] Tampering),
    /// The chain does not go through a head that was recorded earlier: the log was replaced.
    #[error(
        "audit entry {sequence} is not the one that was recorded outside: the log was replaced"
    )]
    Replaced {
        /// Position of the recorded head.
        sequence: u64,
    },
    /// The chain holds, but an entry is none that this program writes.
    #[error("audit entry {sequence} can't be read")]
    Unreadable {
        /// Its position.
        sequence: u64,
        /// Where.
        #[source]
        source: Undecodable,
    },
    /// A row is not what the log says.
    #[error("{subject} was altered outside this program: {what}")]
    Differs {
        /// Which row.
        subject: String,
        /// What differs.
        what: String,
    },
    /// The database could not be read.
    #[error("the audit log could not be verified")]
    Load(#[source] LoadError),
}

/// Entries that go from thread to thread at once, and how many such batches may wait.
const BATCH_LEN: usize = 2_048;
const BATCHES_WAITING: usize = 4;

const ALL: &str = "SELECT sequence, at, body, digest FROM audit ORDER BY sequence";

impl Store {
    /// Verifies the whole audit log and every row it explains; `expected_head` is what the log must end with, if that is known.
    ///
    /// # Errors
    /// [`VerifyFailure`]: the first thing that is wrong, the log before the rows.
    pub async fn verify_audit(
        &self,
        expected_head: Option<Digest>,
    ) -> Result<Verified, VerifyFailure> {
        self.verify_audit_through(expected_head, Vec::new()).await
    }

    /// The same, and the log must go through `recorded`, heads that were kept outside earlier.
    ///
    /// # Errors
    /// [`VerifyFailure`]: the first thing that is wrong, the log before the rows.
    pub async fn verify_audit_through(
        &self,
        expected_head: Option<Digest>,
        recorded: Vec<AuditHead>,
    ) -> Result<Verified, VerifyFailure> {
        let answer = self.read("verifying the audit log", move |connection| {
            Ok(verify(connection, expected_head.as_ref(), &recorded))
        });
        match answer.await {
            Ok(answer) => answer,
            Err(failure) => Err(VerifyFailure::Load(failure)),
        }
    }
}

impl From<LoadError> for VerifyFailure {
    fn from(error: LoadError) -> Self {
        Self::Load(error.during("verifying the audit log"))
    }
}

impl From<LinkError> for VerifyFailure {
    fn from(error: LinkError) -> Self {
        LoadError::from(error).into()
    }
}

fn verify(
    connection: &Link<'_>,
    expected_head: Option<&Digest>,
    recorded: &[AuditHead],
) -> Result<Verified, VerifyFailure> {
    let mut replay = Replay::default();
    let verified = walk(connection, expected_head, recorded, &mut replay)?;
    compare::documents(connection, &mut replay)?;
    compare::notices(connection, &replay)?;
    compare::deliveries(connection, &mut replay)?;
    compare::stamps(connection)?;
    compare::cursors(connection, &replay)?;
    compare::findings(connection, &replay)?;
    compare::register(connection, &replay)?;
    check_file(connection)?;
    Ok(verified)
}

/// Rows were read by their numbers; this shows an index that leads past one of them.
fn check_file(connection: &Link<'_>) -> Result<(), VerifyFailure> {
    if connection.is_server() {
        return Ok(());
    }
    let mut check = connection.prepare_cached(dialect::DAMAGE)?;
    let found: Option<String> = check.query_opt(params![], |row| row.get(0))?;
    match found.as_deref() {
        Some("ok") => Ok(()),
        found => Err(VerifyFailure::Differs {
            subject: "the database file".to_owned(),
            what: found.unwrap_or_default().to_owned(),
        }),
    }
}

/// Verifies the chain, and replays each entry on the way. A broken chain is reported before anything else.
///
/// Reading, replaying and hashing follow one another on three threads, a batch of entries at a time, so a long log takes the time of the
/// slowest of them.
fn walk(
    connection: &Link<'_>,
    expected_head: Option<&Digest>,
    recorded: &[AuditHead],
    replay: &mut Replay,
) -> Result<Verified, VerifyFailure> {
    let mut recorded = Recorded::of(recorded);
    let mut first_failure = None;
    let (read, verified) = std::thread::scope(|scope| {
        let (to_replay, batches) = sync_channel::<Vec<AuditEntry>>(BATCHES_WAITING);
        let (to_chain, replayed) = sync_channel::<Vec<AuditEntry>>(BATCHES_WAITING);
        let (recorded, first_failure) = (&mut recorded, &mut first_failure);
        scope.spawn(move || {
            for batch in batches {
                for entry in &batch {
                    let sequence = entry.sequence;
                    if first_failure.is_none()
                        && let Err(source) = replay.entry(entry)
                    {
                        *first_failure = Some(VerifyFailure::Unreadable { sequence, source });
                    }
                    recorded.pass(entry);
                }
                // Nobody takes it any more once the chain is known to be broken.
                if to_chain.send(batch).is_err() {
                    return;
                }
            }
        });
        let chain = scope.spawn(move || {
            let mut entries = replayed.into_iter().flatten();
            tieout_engine::verify(expected_head, &mut entries)
        });
        let read = read_all(connection, &to_replay);
        drop(to_replay);
        let verified = chain.join();
        (read, verified)
    });
    let verified = verified.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    read?;
    let verified = verified.map_err(VerifyFailure::Tampered)?;
    recorded.judge(verified.entries)?;
    match first_failure {
        Some(failure) => Err(failure),
        None => Ok(verified),
    }
}

/// Reads the log in batches, until its end or until nobody takes them any more.
fn read_all(connection: &Link<'_>, to: &SyncSender<Vec<AuditEntry>>) -> Result<(), VerifyFailure> {
    let mut statement = connection.prepare(ALL)?;
    let mut rows = statement.query(params![])?;
    let mut batch = Vec::with_capacity(BATCH_LEN);
    while let Some(row) = rows.next()? {
        batch.push(entry(row)?);
        if batch.len() == BATCH_LEN {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_LEN));
            if to.send(full).is_err() {
                return Ok(());
            }
        }
    }
    // As above: whoever ended early has a reason of his own to tell.
    let _ = to.send(batch);
    Ok(())
}

/// The heads that were kept outside, in the order of the log.
struct Recorded {
    heads: Vec<AuditHead>,
    /// How many of them the walk has passed.
    passed: usize,
    /// The first that is not in the log as it was recorded.
    replaced: Option<u64>,
}

impl Recorded {
    fn of(heads: &[AuditHead]) -> Self {
        let mut heads = heads.to_vec();
        heads.sort_by_key(|head| head.sequence);
        let passed = heads.iter().take_while(|head| head.sequence == 0).count();
        Self {
            heads,
            passed,
            replaced: None,
        }
    }

    fn pass(&mut self, entry: &AuditEntry) {
        while let Some(head) = self.heads.get(self.passed)
            && head.sequence == entry.sequence
        {
            if head.digest != entry.digest && self.replaced.is_none() {
                self.replaced = Some(head.sequence);
            }
            self.passed += 1;
        }
    }

    fn judge(&self, entries: u64) -> Result<(), VerifyFailure> {
        if let Some(sequence) = self.replaced {
            return Err(VerifyFailure::Replaced { sequence });
        }
        if self.passed < self.heads.len() {
            return Err(VerifyFailure::Tampered(Tampering::Cut { entries }));
        }
        Ok(())
    }
}
