//! The hash chain: each entry's digest covers the entry and the digest before it.
//!
//! The chain shows any altered, missing, doubled or moved entry. It can't show a cut tail by itself: for that its head is kept outside
//! (see `Verified::head`), and [`verify`] takes the head that is expected.

use tieout_model::canonical::Writer;
use tieout_model::{Digest, Timestamp};

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Position, from 1.
    pub sequence: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// Canonical bytes of the changeset.
    pub body: Vec<u8>,
    /// The chain after this entry.
    pub digest: Digest,
}

/// The head of an empty log.
pub const GENESIS: Digest = Digest::from_bytes([0; 32]);

/// The chain after an entry with this position, time and body.
pub fn link(previous: &Digest, sequence: u64, at: Timestamp, body: &[u8]) -> Digest {
    let mut w = Writer::new();
    w.bytes(previous.as_bytes());
    w.number(u128::from(sequence));
    w.signed(i128::from(at.0));
    // A body may be large: it is digested where it lies.
    w.length_of(body);
    Digest::of_parts(&[&w.finish(), body])
}

/// A log that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries.
    pub entries: u64,
    /// The chain after the last one.
    pub head: Digest,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// An entry is missing, doubled or moved.
    #[error("audit entry {expected} is missing or out of order: found entry {found}")]
    OutOfOrder {
        /// The position that was due.
        expected: u64,
        /// The position that was found.
        found: u64,
    },
    /// An entry was altered.
    #[error("audit entry {sequence} was altered: its chain value does not follow from its content")]
    Altered {
        /// Its position.
        sequence: u64,
    },
    /// Entries at the end are missing, or were added by somebody else.
    #[error(
        "the audit log ends with entry {entries}, but its recorded head is another: entries were cut off or replaced"
    )]
    Cut {
        /// How many entries there are.
        entries: u64,
    },
}

/// Walks the log from its start; `head` is what it must end with, if that is known.
///
/// # Errors
/// [`Tampering`]: the first bad entry.
pub fn verify(
    head: Option<&Digest>,
    entries: &mut dyn Iterator<Item = AuditEntry>,
) -> Result<Verified, Tampering> {
    let mut verified = Verified {
        entries: 0,
        head: GENESIS,
    };
    for entry in entries {
        let expected = verified.entries.saturating_add(1);
        if entry.sequence != expected {
            return Err(Tampering::OutOfOrder {
                expected,
                found: entry.sequence,
            });
        }
        let digest = link(&verified.head, entry.sequence, entry.at, &entry.body);
        if digest != entry.digest {
            return Err(Tampering::Altered {
                sequence: entry.sequence,
            });
        }
        verified = Verified {
            entries: expected,
            head: digest,
        };
    }
    match head {
        Some(head) if *head != verified.head => Err(Tampering::Cut {
            entries: verified.entries,
        }),
        Some(_) | None => Ok(verified),
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditEntry, Digest, GENESIS, Tampering, Timestamp, link, verify};

    fn log(count: u64) -> Vec<AuditEntry> {
        let mut head = GENESIS;
        let entry = |sequence: u64| {
            let body = format!("entry {sequence}").into_bytes();
            head = link(&head, sequence, Timestamp(7), &body);
            AuditEntry {
                sequence,
                at: Timestamp(7),
                body,
                digest: head,
            }
        };
        (1..=count).map(entry).collect()
    }

    fn check(entries: Vec<AuditEntry>, head: Option<Digest>) -> Result<u64, Tampering> {
        verify(head.as_ref(), &mut entries.into_iter()).map(|verified| verified.entries)
    }

    #[test]
    fn a_whole_log_verifies() {
        let entries = log(200);
        let head = entries.last().unwrap().digest;
        assert_eq!(check(entries, Some(head)), Ok(200));
    }

    #[test]
    fn every_flipped_byte_names_its_entry() {
        let entries = log(40);
        for (i, entry) in entries.iter().enumerate() {
            for byte in 0..entry.body.len() {
                let mut copy = entries.clone();
                copy[i].body[byte] ^= 1;
                let sequence = u64::try_from(i).unwrap() + 1;
                assert_eq!(check(copy, None), Err(Tampering::Altered { sequence }));
            }
        }
    }

    #[test]
    fn missing_doubled_swapped_and_cut_entries_are_noticed() {
        let entries = log(20);
        let head = entries.last().unwrap().digest;
        for i in 0..entries.len() {
            let mut missing = entries.clone();
            missing.remove(i);
            assert!(check(missing, Some(head)).is_err());
            let mut doubled = entries.clone();
            doubled.insert(i, entries[i].clone());
            assert!(check(doubled, Some(head)).is_err());
            let mut swapped = entries.clone();
            swapped.swap(i, (i + 1) % 20);
            assert!(check(swapped, Some(head)).is_err());
            assert!(check(entries[..i].to_vec(), Some(head)).is_err());
        }
    }
}
