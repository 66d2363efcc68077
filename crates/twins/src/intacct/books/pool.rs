//! Every text of the books once, as a number.
//!
//! One long string, its ends, and an open-addressed table of numbers: about twelve bytes beside the text itself.

use std::hash::Hasher;

use super::table::{Fnv, narrow, wide};

/// Texts by number; number 0 is never given out.
#[derive(Debug, Default)]
pub(in crate::intacct) struct Pool {
    text: String,
    ends: Vec<u32>,
    slots: Vec<u32>,
}

impl Pool {
    /// The number of `text`, given out now if it is new.
    pub(in crate::intacct) fn intern(&mut self, text: &str) -> u32 {
        if self.slots.len() < (self.ends.len() + 1) * 2 {
            self.grow();
        }
        let slot = self.slot(text);
        let held = self.slots.get(slot).copied().unwrap_or(0);
        if held != 0 {
            return held;
        }
        self.text.push_str(text);
        self.ends.push(narrow(self.text.len()));
        let number = narrow(self.ends.len());
        if let Some(place) = self.slots.get_mut(slot) {
            *place = number;
        }
        number
    }

    /// The number of `text` if some cell ever held it.
    pub(in crate::intacct) fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots
            .get(self.slot(text))
            .copied()
            .filter(|number| *number != 0)
    }

    /// The text of a number; empty for 0 or a number never given out.
    pub(in crate::intacct) fn get(&self, number: u32) -> &str {
        let Some(index) = wide(number).checked_sub(1) else {
            return "";
        };
        let end = self.ends.get(index).copied().unwrap_or(0);
        let start = index
            .checked_sub(1)
            .and_then(|i| self.ends.get(i))
            .copied()
            .unwrap_or(0);
        self.text.get(wide(start)..wide(end)).unwrap_or_default()
    }

    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut hasher = Fnv::default();
        hasher.write(text.as_bytes());
        let mut slot = usize::try_from(hasher.finish() & 0xFFFF_FFFF).unwrap_or(0) & mask;
        loop {
            match self.slots.get(slot) {
                Some(&held) if held != 0 && self.get(held) != text => slot = (slot + 1) & mask,
                Some(_) | None => return slot,
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1024);
        self.slots = vec![0; size];
        for number in 1..=narrow(self.ends.len()) {
            let slot = self.slot(self.get(number));
            if let Some(place) = self.slots.get_mut(slot) {
                *place = number;
            }
        }
    }
}
