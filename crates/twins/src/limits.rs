//! Limits of a tenant, and what was really asked of it: requests under way at a time, and in any window of time.
//!
//! Neither vendor publishes figures for every tier, so there is none until the control port sets one; Intacct's own gateway limit stands in
//! the twin itself. A request above a limit is answered with 429 and is not carried out.

use std::collections::{BTreeMap, VecDeque};

use crate::rule::System;

/// Longest window that is counted, milliseconds.
const WINDOW_MS_MAX: i64 = 3_600_000;

/// Limits of one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at a time; `None` for no limit.
    pub in_flight_max: Option<u64>,
    /// Requests that begin in any window; `None` for no limit.
    pub calls_max: Option<u64>,
    /// Length of the window in milliseconds.
    pub window_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_max: None,
            calls_max: None,
            window_ms: 60_000,
        }
    }
}

#[derive(Debug, Default)]
struct Meter {
    limits: Limits,
    under_way: u64,
    most_under_way: u64,
    begun: VecDeque<i64>,
    most_begun: u64,
    refused: u64,
}

/// Counts the load of both systems.
#[derive(Debug, Default)]
pub struct Load(BTreeMap<System, Meter>);

impl Load {
    /// Sets the limits of a system and begins to count anew.
    ///
    /// # Errors
    /// A window that is not longer than nothing or longer than an hour.
    pub fn limit(&mut self, system: System, limits: Limits) -> Result<(), String> {
        if !(1..=WINDOW_MS_MAX).contains(&limits.window_ms) {
            return Err(format!("window_ms: write 1 to {WINDOW_MS_MAX}"));
        }
        let meter = self.0.entry(system).or_default();
        let under_way = meter.under_way;
        *meter = Meter {
            limits,
            under_way,
            most_under_way: under_way,
            ..Meter::default()
        };
        Ok(())
    }

    /// A request begins; true if it may be carried out. It is under way either way, until [`Load::leave`].
    pub fn enter(&mut self, system: System, unix_ms: i64) -> bool {
        let meter = self.0.entry(system).or_default();
        meter.under_way += 1;
        meter.most_under_way = meter.most_under_way.max(meter.under_way);
        let begin = unix_ms - meter.limits.window_ms;
        while meter.begun.front().is_some_and(|at| *at <= begin) {
            meter.begun.pop_front();
        }
        meter.begun.push_back(unix_ms);
        let begun = u64::try_from(meter.begun.len()).unwrap_or(u64::MAX);
        meter.most_begun = meter.most_begun.max(begun);
        let is_over = |limit: Option<u64>, is: u64| limit.is_some_and(|most| is > most);
        let is_refused = is_over(meter.limits.in_flight_max, meter.under_way)
            || is_over(meter.limits.calls_max, begun);
        meter.refused += u64::from(is_refused);
        !is_refused
    }

    /// A request ends.
    pub fn leave(&mut self, system: System) {
        let meter = self.0.entry(system).or_default();
        meter.under_way = meter.under_way.saturating_sub(1);
    }

    /// What was seen since the limits were set, or since the start: `system,in_flight_most,calls_in_window_most,window_ms,refused`.
    pub fn csv(&self) -> String {
        let mut out =
            String::from("system,in_flight_most,calls_in_window_most,window_ms,refused\n");
        for (system, meter) in &self.0 {
            out.push_str(&format!(
                "{},{},{},{},{}\n",
                system.name(),
                meter.most_under_way,
                meter.most_begun,
                meter.limits.window_ms,
                meter.refused
            ));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Load};
    use crate::rule::System;

    #[test]
    fn what_is_above_a_limit_is_refused_and_counted() {
        let mut load = Load::default();
        let limits = Limits {
            in_flight_max: Some(2),
            calls_max: Some(3),
            window_ms: 100,
        };
        load.limit(System::Fusion, limits).unwrap();
        assert!(load.enter(System::Fusion, 0));
        assert!(load.enter(System::Fusion, 0));
        assert!(!load.enter(System::Fusion, 1), "two are under way");
        for _ in 0..3 {
            load.leave(System::Fusion);
        }
        assert!(!load.enter(System::Fusion, 50), "the fourth of the window");
        load.leave(System::Fusion);
        assert!(
            load.enter(System::Fusion, 101),
            "two began 100 ms ago or more"
        );
        assert!(load.csv().ends_with("fusion,3,4,100,2\n"), "{}", load.csv());
        let never = Limits {
            window_ms: 0,
            ..limits
        };
        assert!(load.limit(System::Fusion, never).is_err());
    }
}
