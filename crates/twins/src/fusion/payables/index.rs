//! A compact index from a hash to positions in an append-only list: twelve bytes a head, four a record.

use std::collections::HashMap;

const NONE: u32 = u32::MAX;

/// Heads by hash, each chained to older records with the same hash.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    heads: HashMap<u64, u32>,
    older: Vec<u32>,
}

impl Chain {
    /// Adds the next record of the list.
    pub(crate) fn push(&mut self, hash: u64) {
        let at = u32::try_from(self.older.len()).unwrap_or(NONE);
        let older = self.heads.insert(hash, at).unwrap_or(NONE);
        self.older.push(older);
    }

    /// Positions with this hash, newest first; the caller compares the real keys.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let first = self.heads.get(&hash).copied();
        std::iter::successors(first, |at| {
            let next = usize::try_from(*at)
                .ok()
                .and_then(|i| self.older.get(i))
                .copied();
            next.filter(|n| *n != NONE)
        })
    }
}

/// A hash that ignores the case of ASCII letters (FNV-1a, finished with a mix). Stable over runs.
pub(crate) fn fold_hash(text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash ^= u64::from(byte.to_ascii_uppercase());
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    mix(hash)
}

/// Spreads the bits of a number.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
