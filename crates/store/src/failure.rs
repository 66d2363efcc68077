//! What can go wrong at the door of the database.

use tieout_engine::FlowId;
use tieout_model::{DeliveryId, DocumentId, Revision, Stamp, Undecodable};

use crate::dialect;
use crate::link::LinkError;

/// The database could not do what was attempted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attempted} failed: {reason}")]
pub struct StoreFailure {
    /// What was attempted.
    pub attempted: String,
    /// What the database said.
    pub reason: String,
}

/// A change did not find what it expects; nothing of its changeset was done. Read again and decide again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another pass moved the flow's cursor.
    #[error("flow {} stands at {found:?}, not at {expected:?}", flow.0)]
    Cursor {
        /// The flow.
        flow: FlowId,
        /// Where the change expects it.
        expected: Option<String>,
        /// Where it is.
        found: Option<String>,
    },
    /// The document has another revision.
    #[error("document {document} has the revision {found:?}, not {expected:?}")]
    Revision {
        /// The document.
        document: DocumentId,
        /// The revision that the change expects.
        expected: Option<Revision>,
        /// The revision that is stored.
        found: Option<Revision>,
    },
    /// The delivery moved meanwhile, or does not exist.
    #[error("delivery {id} has the version {found:?}, not {expected}")]
    Delivery {
        /// The delivery.
        id: DeliveryId,
        /// The version that the change expects.
        expected: u64,
        /// The version that is stored; `None` if there is no such delivery.
        found: Option<u64>,
    },
    /// The document already has a delivery of this number.
    #[error("delivery {id} was opened already")]
    DeliveryExists {
        /// The delivery.
        id: DeliveryId,
    },
    /// Another delivery bears this stamp.
    #[error("delivery {id} cannot bear the stamp {stamp}: another delivery bears it")]
    StampTaken {
        /// The delivery.
        id: DeliveryId,
        /// The stamp.
        stamp: Stamp,
    },
    /// Something may have been done for the delivery, so its payload stays.
    #[error("delivery {id} is {state}: its payload cannot be replaced")]
    Touched {
        /// The delivery.
        id: DeliveryId,
        /// Its state.
        state: String,
    },
    /// The changes speak of two deliveries where one is meant.
    #[error("delivery {id} cannot be refreshed with the payload of delivery {other}")]
    OtherDelivery {
        /// The delivery.
        id: DeliveryId,
        /// Whose payload was given.
        other: DeliveryId,
    },
    /// Somebody else has taken a step meanwhile, or the clock was set back.
    #[error("{subject} has {found} steps, not {expected}, or a later step was recorded")]
    Step {
        /// The proposal, or the subject of keys and settings.
        subject: String,
        /// How many steps the change expects.
        expected: u32,
        /// How many there are.
        found: u32,
    },
    /// There is no such document.
    #[error("document {document} is not known")]
    UnknownDocument {
        /// The document.
        document: DocumentId,
    },
    /// The document was never well formed, so there is nothing to look at again: it must change in its source.
    #[error("document {document} is malformed in its source and cannot be released")]
    Malformed {
        /// The document.
        document: DocumentId,
    },
}

/// Why a changeset was not committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A change did not find what it expects.
    #[error("the changeset conflicts with what is stored")]
    Conflict(#[source] Conflict),
    /// The database is busy, locked, full or gone; it may have become durable or not. Try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] StoreFailure),
    /// The database holds something that this program never wrote. Restore a backup.
    #[error("the database is corrupt")]
    Corrupt(#[source] StoreFailure),
}

/// Why something could not be read or leased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The database is busy, locked, full or gone. Try again later.
    #[error("the database is unavailable")]
    Unavailable(#[source] StoreFailure),
    /// The database holds something that this program never wrote. Restore a backup.
    #[error("the database is corrupt")]
    Corrupt(#[source] StoreFailure),
}

/// Why a database could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address names no database.
    #[error("{address:?} names no database: {remedy}")]
    Address {
        /// The address.
        address: String,
        /// What to write instead.
        remedy: &'static str,
    },
    /// A newer version of the program wrote the database.
    #[error(
        "the database has the layout {found}, and this version knows layouts up to {known}: use the newer program, or restore the backup made before its upgrade"
    )]
    TooNew {
        /// Layout of the database.
        found: i64,
        /// Newest layout that is known.
        known: i64,
    },
    /// A build before the first release filled the database, and gave documents other identities: each would be taken for new and posted
    /// once more.
    #[error(
        "the database has the layout {found}, whose documents bear identities of a build before the first release: this program would take each of \
         them for a new one and post it again; keep the database with the build that made it, and begin a new one (docs/decisions/0008)"
    )]
    OtherIdentities {
        /// Layout of the database.
        found: i64,
    },
    /// The file is a database of another program.
    #[error(
        "the database has tables but no layout version: it belongs to another program; name another file"
    )]
    Foreign,
    /// The server may forget what it confirmed, or can't hold what is to be stored.
    #[error("the database server has {setting} = {found}: {remedy}")]
    Unsafe {
        /// Which of its settings.
        setting: String,
        /// Its value.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The server does not answer, or does not take connections yet. It may by itself: ask again.
    #[error("the database server does not answer")]
    Away(#[source] StoreFailure),
    /// The database is busy, locked, full or can't be created; or the server knows no such role, password or database.
    #[error("the database is unavailable")]
    Unavailable(#[source] StoreFailure),
    /// The file is no database, or a damaged one.
    #[error("the database is corrupt")]
    Corrupt(#[source] StoreFailure),
}

/// What a database does not promise, though the program can work with it. An operator must be told at every start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreWarning {
    /// There are standbys, but commits don't wait for any of them.
    #[error(
        "the database server has {standbys} standby server(s), but commits do not wait for one (synchronous_standby_names is empty): after a \
         fail-over the last commits may be missing although their documents are posted; set synchronous_standby_names, and after such a \
         fail-over treat the standby like a restored backup (tieout store restored)"
    )]
    AsynchronousStandby {
        /// How many standbys are connected.
        standbys: i64,
    },
    /// Commits don't wait until a standby has written them.
    #[error(
        "the database server has synchronous_commit = {found}, so commits do not wait until the standby has written them: after a fail-over the \
         last commits may be missing although their documents are posted; set synchronous_commit to on"
    )]
    StandbyNotAwaited {
        /// Its value.
        found: String,
    },
    /// The connection is not encrypted and leaves this machine.
    #[error(
        "the connection to the database server {host} is not encrypted: use a server on this machine, or a tunnel that encrypts"
    )]
    NotEncrypted {
        /// Which host.
        host: String,
    },
}

impl LoadError {
    /// The same failure, naming what was attempted.
    #[must_use]
    pub(crate) fn during(self, attempted: &str) -> Self {
        let name = |failure: StoreFailure| StoreFailure {
            attempted: attempted.to_owned(),
            ..failure
        };
        match self {
            Self::Unavailable(failure) => Self::Unavailable(name(failure)),
            Self::Corrupt(failure) => Self::Corrupt(name(failure)),
        }
    }

    pub(crate) fn corrupt(reason: impl Into<String>) -> Self {
        Self::Corrupt(StoreFailure {
            attempted: "reading the database".to_owned(),
            reason: reason.into(),
        })
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(StoreFailure {
            attempted: "using the database".to_owned(),
            reason: reason.into(),
        })
    }
}

impl From<LinkError> for LoadError {
    fn from(error: LinkError) -> Self {
        if dialect::is_corruption(&error) {
            Self::corrupt(error.to_string())
        } else {
            Self::unavailable(error.to_string())
        }
    }
}

impl From<Undecodable> for LoadError {
    fn from(error: Undecodable) -> Self {
        Self::corrupt(error.to_string())
    }
}

impl From<LoadError> for CommitError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(failure) => Self::Unavailable(failure),
            LoadError::Corrupt(failure) => Self::Corrupt(failure),
        }
    }
}

impl From<LinkError> for CommitError {
    fn from(error: LinkError) -> Self {
        LoadError::from(error).into()
    }
}

impl From<Conflict> for CommitError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable(failure) => Self::Unavailable(failure),
            LoadError::Corrupt(failure) => Self::Corrupt(failure),
        }
    }
}

impl From<CommitError> for OpenError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Unavailable(failure) => Self::Unavailable(failure),
            CommitError::Corrupt(failure) => Self::Corrupt(failure),
            CommitError::Conflict(conflict) => LoadError::corrupt(conflict.to_string()).into(),
        }
    }
}

impl From<rusqlite::Error> for LoadError {
    fn from(error: rusqlite::Error) -> Self {
        LinkError::from(error).into()
    }
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> Self {
        LinkError::from(error).into()
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        LoadError::from(error).during("opening the database").into()
    }
}

impl From<LinkError> for OpenError {
    fn from(error: LinkError) -> Self {
        LoadError::from(error).during("opening the database").into()
    }
}
