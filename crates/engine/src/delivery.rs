//! One document on its way to one target: its states, and what moves it.
//!
//! [`DeliveryState::Uncertain`] is a state of its own: an expired lease and an unanswered post go there, and the only way out is a look-up.

pub mod backoff;
pub mod correction;
pub mod settle;

use tieout_model::canonical::{Reader, Undecodable, Writer};
use tieout_model::{
    AccountingDate, Acknowledgement, DeliveryId, Digest, DocumentKind, EntityId, FaultClass,
    JobRef, Marks, Rejection, Revision, Stamp, SystemId, Timestamp,
};

use crate::change::FlowId;

/// What a delivery does to the target's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryRole {
    /// Posts the document.
    Posting,
    /// Takes an earlier posting of the document back.
    Reversal,
}

impl DeliveryRole {
    /// The word stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Posting => "posting",
            Self::Reversal => "reversal",
        }
    }

    /// The role of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Posting, Self::Reversal]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// A delivery, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which document, and which of its deliveries.
    pub id: DeliveryId,
    /// The flow it belongs to.
    pub flow: FlowId,
    /// What it does.
    pub role: DeliveryRole,
    /// Kind of the document.
    pub kind: DocumentKind,
    /// Its entity, as the source spells it.
    pub entity: EntityId,
    /// The system it goes to.
    pub target: SystemId,
    /// Its marks, durable before the first attempt.
    pub marks: Marks,
    /// The document's number for people.
    pub number: String,
    /// The party on it, empty if none.
    pub party: String,
    /// The date that decides the period.
    pub accounting_date: AccountingDate,
    /// The target's name of that period.
    pub period: String,
    /// The revision it carries.
    pub revision: Revision,
    /// Name of the crosswalk version that coded it.
    pub crosswalk_version: String,
    /// Digest of the signed crosswalk.
    pub crosswalk: Digest,
    /// Where it stands.
    pub state: DeliveryState,
    /// Counts its moves; a move names the version it decided on.
    pub version: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it last moved.
    pub moved_at: Timestamp,
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits to be sent.
    Queued {
        /// Not before.
        not_before: Timestamp,
    },
    /// A worker is sending it.
    Leased {
        /// Which worker.
        by: String,
        /// Until when the worker may be believed.
        until: Timestamp,
    },
    /// The target took it and works on it.
    Submitted {
        /// What to ask about.
        job: JobRef,
        /// When to ask next.
        poll_at: Timestamp,
        /// How often it was asked already.
        polls: u32,
    },
    /// It may or may not be there.
    Uncertain {
        /// When to look next.
        probe_at: Timestamp,
        /// How often it was looked for and not found.
        absences: u32,
    },
    /// It is there, read back.
    Posted(Acknowledgement),
    /// The target refused it; nothing was done.
    Rejected(Rejection),
    /// A person must decide; the text says why.
    Parked(String),
    /// A person settled it by hand; nothing is sent any more.
    Resolved(Resolution),
}

/// The job of a delivery that was looked up and stands in the target without being posted there. No system gives such a job: it is asked
/// about by looking it up again.
pub const STANDING_JOB: &str = "it stands in the target but is not posted there yet";

/// True if a job means: look it up again.
pub fn is_standing(job: &JobRef) -> bool {
    job.0 == STANDING_JOB
}

/// How a person settled a delivery by hand. Who and when stand in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It stands in the target without our mark.
    PostedElsewhere {
        /// The target's name of the record, as the person gave it.
        reference: String,
        /// Why.
        reason: String,
    },
    /// It is never to be sent.
    NeverSent {
        /// Why.
        reason: String,
    },
}

impl Resolution {
    /// One sentence for people.
    pub fn words(&self) -> String {
        match self {
            Self::PostedElsewhere { reference, reason } => {
                format!("settled by hand, posted elsewhere as {reference}: {reason}")
            }
            Self::NeverSent { reason } => {
                format!("settled by hand, never to be sent: {reason}")
            }
        }
    }
}

/// The states as words, for tables, filters and storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateWord {
    /// See [`DeliveryState::Queued`].
    Queued,
    /// See [`DeliveryState::Leased`].
    Leased,
    /// See [`DeliveryState::Submitted`].
    Submitted,
    /// See [`DeliveryState::Uncertain`].
    Uncertain,
    /// See [`DeliveryState::Posted`].
    Posted,
    /// See [`DeliveryState::Rejected`].
    Rejected,
    /// See [`DeliveryState::Parked`].
    Parked,
    /// See [`DeliveryState::Resolved`].
    Resolved,
}

impl StateWord {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Leased,
        Self::Submitted,
        Self::Uncertain,
        Self::Posted,
        Self::Rejected,
        Self::Parked,
        Self::Resolved,
    ];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Submitted => "submitted",
            Self::Uncertain => "uncertain",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
            Self::Parked => "parked",
            Self::Resolved => "resolved",
        }
    }

    /// The state of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl DeliveryState {
    /// Its word.
    pub const fn word(&self) -> StateWord {
        match self {
            Self::Queued { .. } => StateWord::Queued,
            Self::Leased { .. } => StateWord::Leased,
            Self::Submitted { .. } => StateWord::Submitted,
            Self::Uncertain { .. } => StateWord::Uncertain,
            Self::Posted(_) => StateWord::Posted,
            Self::Rejected(_) => StateWord::Rejected,
            Self::Parked(_) => StateWord::Parked,
            Self::Resolved(_) => StateWord::Resolved,
        }
    }

    /// When a worker must look at it again, if ever.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Queued { not_before } => Some(*not_before),
            Self::Leased { until, .. } => Some(*until),
            Self::Submitted { poll_at, .. } => Some(*poll_at),
            Self::Uncertain { probe_at, .. } => Some(*probe_at),
            Self::Posted(_) | Self::Rejected(_) | Self::Parked(_) | Self::Resolved(_) => None,
        }
    }

    /// True if nothing was ever done in the target for it, so its payload may be replaced.
    pub const fn is_untouched(&self) -> bool {
        matches!(self, Self::Queued { .. } | Self::Rejected(_))
    }

    /// True while it may still move by itself.
    pub const fn is_open(&self) -> bool {
        self.due_at().is_some()
    }

    /// Canonical bytes, for storage and audit.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.finish()
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.text(self.word().word());
        match self {
            Self::Queued { not_before } => w.signed(i128::from(not_before.0)),
            Self::Leased { by, until } => {
                w.text(by);
                w.signed(i128::from(until.0));
            }
            Self::Submitted {
                job,
                poll_at,
                polls,
            } => {
                w.text(&job.0);
                w.signed(i128::from(poll_at.0));
                w.number(u128::from(*polls));
            }
            Self::Uncertain { probe_at, absences } => {
                w.signed(i128::from(probe_at.0));
                w.number(u128::from(*absences));
            }
            Self::Posted(ack) => write_acknowledgement(w, ack),
            Self::Rejected(rejection) => {
                let texts = [
                    &rejection.code,
                    &rejection.message,
                    &rejection.place,
                    &rejection.remedy,
                ];
                texts.into_iter().for_each(|text| w.text(text));
            }
            Self::Parked(reason) => w.text(reason),
            Self::Resolved(Resolution::PostedElsewhere { reference, reason }) => {
                w.flag(true);
                w.text(reference);
                w.text(reason);
            }
            Self::Resolved(Resolution::NeverSent { reason }) => {
                w.flag(false);
                w.text(reason);
            }
        }
    }

    /// The state of canonical bytes.
    ///
    /// # Errors
    /// [`Undecodable`] for anything [`DeliveryState::encode`] would not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut r = Reader::new(bytes);
        let state = Self::read(&mut r)?;
        r.end()?;
        Ok(state)
    }

    /// The state that stands next in canonical bytes, as in those of a changeset.
    ///
    /// # Errors
    /// [`Undecodable`] for anything [`DeliveryState::encode`] would not write.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Undecodable> {
        let word = r.text()?;
        let word = StateWord::of_word(&word).ok_or_else(|| r.expected("a delivery state"))?;
        Ok(match word {
            StateWord::Queued => Self::Queued {
                not_before: read_time(r)?,
            },
            StateWord::Leased => Self::Leased {
                by: r.text()?,
                until: read_time(r)?,
            },
            StateWord::Submitted => Self::Submitted {
                job: JobRef(r.text()?),
                poll_at: read_time(r)?,
                polls: r.small()?,
            },
            StateWord::Uncertain => Self::Uncertain {
                probe_at: read_time(r)?,
                absences: r.small()?,
            },
            StateWord::Posted => Self::Posted(read_acknowledgement(r)?),
            StateWord::Rejected => Self::Rejected(Rejection {
                code: r.text()?,
                message: r.text()?,
                place: r.text()?,
                remedy: r.text()?,
            }),
            StateWord::Parked => Self::Parked(r.text()?),
            StateWord::Resolved if r.flag()? => Self::Resolved(Resolution::PostedElsewhere {
                reference: r.text()?,
                reason: r.text()?,
            }),
            StateWord::Resolved => Self::Resolved(Resolution::NeverSent { reason: r.text()? }),
        })
    }
}

fn read_time(r: &mut Reader<'_>) -> Result<Timestamp, Undecodable> {
    let micros = r.signed()?;
    i64::try_from(micros)
        .map(Timestamp)
        .map_err(|_| r.expected("a timestamp"))
}

fn write_acknowledgement(w: &mut Writer, ack: &Acknowledgement) {
    w.text(ack.stamp.as_str());
    w.text(&ack.reference);
    w.text(&ack.number);
    w.text(&ack.period);
    w.text(&ack.accounting_date.to_string());
    w.text(ack.currency.code());
    w.amount(ack.total_debit);
    w.flag(ack.is_accounted);
    w.signed(i128::from(ack.read_at.0));
    w.bytes(ack.evidence.as_bytes());
}

fn read_acknowledgement(r: &mut Reader<'_>) -> Result<Acknowledgement, Undecodable> {
    let stamp = r.text()?;
    Ok(Acknowledgement {
        stamp: Stamp::read(&stamp).ok_or_else(|| r.expected("a stamp"))?,
        reference: r.text()?,
        number: r.text()?,
        period: r.text()?,
        accounting_date: r.text()?.parse().map_err(|_| r.expected("a date"))?,
        currency: r.text()?.parse().map_err(|_| r.expected("a currency"))?,
        total_debit: r.amount()?,
        is_accounted: r.flag()?,
        read_at: read_time(r)?,
        evidence: Digest::from_bytes(r.bytes()?.try_into().map_err(|_| r.expected("a digest"))?),
    })
}

/// Something that happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEvent {
    /// A worker takes it.
    Taken {
        /// Which worker.
        by: String,
    },
    /// The target took it and will show it under this job.
    Accepted(JobRef),
    /// The target still works on it.
    Pending,
    /// A business row was read back.
    ReadBack(Acknowledgement),
    /// A business row was read back, and it is not what was sent; the text says how.
    ReadBackOther(String),
    /// The target refused it.
    Refused(Rejection),
    /// Nothing was done; try later.
    NotDone {
        /// Why.
        class: FaultClass,
        /// The other side asked to wait so long.
        retry_after_ms: Option<u64>,
    },
    /// It may have been done.
    Unknown,
    /// The job ended without it.
    Absent,
    /// Its lease ran out: the worker may have died before, while or after sending.
    LeaseExpired,
    /// It was looked up; every row that bears its stamp.
    Found(Vec<Acknowledgement>),
    /// A person wants it tried again.
    Released,
    /// A person settled it by hand.
    Resolved(Resolution),
}

/// A move that the state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("delivery {id} is {state} and cannot take the event {event}")]
pub struct IllegalMove {
    /// Which delivery.
    pub id: DeliveryId,
    /// Its state.
    pub state: &'static str,
    /// The event.
    pub event: String,
}

/// The present instant with 64 random bits for jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Random bits.
    pub jitter: u64,
}

/// The figures of delivery, all in milliseconds or counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPolicy {
    /// How long a worker may be believed without a sign of life while it sends; it renews at half of it.
    pub lease_ms: i64,
    /// First wait after a fault; doubles each time.
    pub backoff_first_ms: i64,
    /// Longest wait after a fault.
    pub backoff_max_ms: i64,
    /// Attempts before a person must look.
    pub attempts_max: u32,
    /// First wait before the target is asked about a job.
    pub poll_first_ms: i64,
    /// Longest wait between two questions about a job; in the end five times that.
    pub poll_max_ms: i64,
    /// Polls before a person must look: with the longest wait between them, about a day. An import can queue for hours at month end.
    pub polls_max: u32,
    /// Wait before an uncertain delivery is looked up, and between two look-ups. One absence proves little: replicas lag.
    pub probe_spacing_ms: i64,
    /// Absences that prove that nothing was done, for documents that the target refuses to take twice (invoices, by their number).
    pub absences_needed: u32,
    /// The same for journal entries, which the target would take twice: their import may run for long before it shows anything. Here the
    /// wait doubles after each absence, so six of them from one minute on reach back more than an hour.
    pub absences_needed_unguarded: u32,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            lease_ms: 8_000,
            backoff_first_ms: 500,
            backoff_max_ms: 300_000,
            attempts_max: 12,
            poll_first_ms: 0,
            poll_max_ms: 60_000,
            polls_max: 400,
            probe_spacing_ms: 60_000,
            absences_needed: 2,
            absences_needed_unguarded: 6,
        }
    }
}
