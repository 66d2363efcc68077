//! Proving that nobody altered the database behind our back.
//!
//! The whole chain is read and recomputed. While it is read, `replay.rs` works out what every row must be; then `compare.rs` holds each
//! row against that. So an edited table row is noticed, not only an edited audit entry. Memory: some 200 bytes per document, whatever the
//! sizes of documents. Not covered: aliases (they are a search aid; the envelope that names them is covered).

mod compare;
mod replay;
mod trace;

use crate::link::{Link, LinkError, params};
use tieout_engine::{AuditEntry, Tampering, Verified};
use tieout_model::{Digest, Undecodable};

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
    compare::cursors(connection, &replay)?;
    compare::findings(connection, &replay)?;
    compare::register(connection, &replay)?;
    Ok(verified)
}

/// Verifies the chain, and replays each entry on the way. A broken chain is reported before anything else.
fn walk(
    connection: &Link<'_>,
    expected_head: Option<&Digest>,
    recorded: &[AuditHead],
    replay: &mut Replay,
) -> Result<Verified, VerifyFailure> {
    let mut statement = connection.prepare(ALL)?;
    let mut rows = statement.query(params![])?;
    let mut load_failure = None;
    let mut first_failure = None;
    let mut is_through = vec![false; recorded.len()];
    let mut next = || -> Option<AuditEntry> {
        let found = rows.next().map_err(LoadError::from);
        let found = found.and_then(|row| row.map(entry).transpose());
        let found = found.unwrap_or_else(|error| {
            load_failure = Some(error);
            None
        })?;
        let sequence = found.sequence;
        if first_failure.is_none()
            && let Err(source) = replay.entry(&found)
        {
            first_failure = Some(VerifyFailure::Unreadable { sequence, source });
        }
        for (head, is_through) in recorded.iter().zip(&mut is_through) {
            *is_through |= head.sequence == sequence && head.digest == found.digest;
        }
        Some(found)
    };
    let verified = tieout_engine::verify(expected_head, &mut std::iter::from_fn(&mut next));
    if let Some(error) = load_failure {
        return Err(error.into());
    }
    let verified = verified.map_err(VerifyFailure::Tampered)?;
    let mut missed = recorded.iter().zip(is_through);
    let missed = missed.find(|(head, is_through)| !is_through && head.sequence > 0);
    if let Some((head, _)) = missed {
        return Err(if head.sequence > verified.entries {
            let entries = verified.entries;
            VerifyFailure::Tampered(Tampering::Cut { entries })
        } else {
            let sequence = head.sequence;
            VerifyFailure::Replaced { sequence }
        });
    }
    match first_failure {
        Some(failure) => Err(failure),
        None => Ok(verified),
    }
}
