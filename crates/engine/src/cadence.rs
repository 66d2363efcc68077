//! How soon a flow's documents travel: at once, or at times of a wall clock in a named time zone.
//!
//! Pure: which time comes next after an instant is arithmetic on the calendar. Whether a time was kept is remembered by the store, so a time
//! that passed while the program was down is made up for once, at the next start.
//!
//! Summer time: a time of day that does not exist on the day the clocks go forward is kept as much later as they jumped; one that exists
//! twice is kept once, the first time. A line for every hour keeps every real hour.

mod cron;

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use tieout_model::{Calendar, Timestamp};

use cron::Line;

/// Days that are searched for the next time: a 29 February on a given weekday recurs within forty years.
const DAYS_MAX: i64 = 366 * 40;

/// How soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    times: Times,
    /// As it was written.
    words: String,
    zone: TimeZone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Times {
    RealTime,
    Line(Line),
    PeriodEnd,
}

/// Why a cadence can't be kept. The text names the part and what may stand there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CadenceError {
    /// Neither a word nor a line of five fields.
    #[error(
        "cadence {0:?} is none of real_time, hourly, daily, period_end, and no cron line of five fields (minute hour day-of-month month day-of-week)"
    )]
    Unknown(String),
    /// A field of a cron line.
    #[error("cadence {line:?}: {field} {text:?} is not understood: {wanted}")]
    Field {
        /// The whole line.
        line: String,
        /// Which field.
        field: &'static str,
        /// Its text.
        text: String,
        /// What may stand there.
        wanted: String,
    },
    /// A day that no month has.
    #[error("cadence {0:?} never comes: no month it names has such a day")]
    Never(String),
    /// No such time zone.
    #[error(
        "time zone {0:?} is unknown: write its name in the IANA time zone database, for instance \"Europe/London\", or \"UTC\""
    )]
    Zone(String),
}

impl Cadence {
    /// As soon as it is entered.
    pub fn real_time() -> Self {
        Self {
            times: Times::RealTime,
            words: "real_time".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// Understands `real_time`, `hourly` (at minute 0), `daily` (at 00:00), `period_end` (at 00:00 of the day after an accounting period of
    /// the signed calendar ends), or a cron line, all in the time zone of that IANA name.
    ///
    /// # Errors
    /// [`CadenceError`] names what is not understood.
    pub fn parse(text: &str, time_zone: &str) -> Result<Self, CadenceError> {
        let zone = match time_zone {
            "UTC" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| CadenceError::Zone(name.to_owned()))?,
        };
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let times = match words.as_str() {
            "real_time" => Times::RealTime,
            "hourly" => Times::Line(Line::parse("0 * * * *")?),
            "daily" => Times::Line(Line::parse("0 0 * * *")?),
            "period_end" => Times::PeriodEnd,
            line if line.split(' ').count() == 5 => Times::Line(Line::parse(line)?),
            _ => return Err(CadenceError::Unknown(text.to_owned())),
        };
        Ok(Self { times, words, zone })
    }

    /// True if nothing is waited for.
    pub fn is_real_time(&self) -> bool {
        self.times == Times::RealTime
    }

    /// True if a time has come since `last` (`None`: never read, which is always due, so that the books catch up first).
    pub fn is_due(&self, last: Option<Timestamp>, now: Timestamp, calendar: &Calendar) -> bool {
        if self.is_real_time() {
            return true;
        }
        let Some(last) = last else { return true };
        self.next_after(last, calendar)
            .is_some_and(|next| next <= now)
    }

    /// The first time after `after`; `None` if there is none (real time, or no period ends later).
    pub fn next_after(&self, after: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        match &self.times {
            Times::RealTime => None,
            Times::PeriodEnd => self.period_end_after(after, calendar),
            Times::Line(line) => self.line_after(line, after),
        }
    }

    fn period_end_after(&self, after: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        let ends = calendar.periods().iter().filter_map(|period| {
            let next_day = period.end.tomorrow().ok()?;
            let midnight = next_day.at(0, 0, 0, 0);
            let at = self.zone.to_ambiguous_timestamp(midnight).compatible();
            at.ok().map(|at| Timestamp(at.as_microsecond()))
        });
        ends.filter(|end| *end > after).min()
    }

    fn line_after(&self, line: &Line, after: Timestamp) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(after.0).ok()?;
        // From the day before: a time moved by the clocks may fall into the next day.
        let mut day = self.zone.to_datetime(instant).date().yesterday().ok()?;
        let mut found: Option<Timestamp> = None;
        for _ in 0..DAYS_MAX {
            if line.has_day(day) {
                let later = self.times_of(line, day).into_iter().find(|at| *at > after);
                found = found.into_iter().chain(later).min();
            }
            let is_settled = found.is_some_and(|found| {
                let noon = self.zone.to_ambiguous_timestamp(day.at(12, 0, 0, 0));
                noon.compatible()
                    .is_ok_and(|noon| found.0 < noon.as_microsecond())
            });
            if is_settled {
                break;
            }
            day = day.tomorrow().ok()?;
        }
        found
    }

    /// The instants of one day, in order.
    fn times_of(&self, line: &Line, day: Date) -> BTreeSet<Timestamp> {
        let mut times = BTreeSet::new();
        for (hour, minute) in line.times() {
            let ambiguous = self.zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0));
            let instants = match ambiguous.offset() {
                AmbiguousOffset::Unambiguous { .. } => vec![ambiguous.compatible()],
                AmbiguousOffset::Gap { .. } if line.is_every_hour() => Vec::new(),
                AmbiguousOffset::Fold { .. } if line.is_every_hour() => {
                    vec![ambiguous.earlier(), ambiguous.later()]
                }
                AmbiguousOffset::Gap { .. } | AmbiguousOffset::Fold { .. } => {
                    vec![ambiguous.compatible()]
                }
            };
            let known = instants.into_iter().flatten();
            times.extend(known.map(|at| Timestamp(at.as_microsecond())));
        }
        times
    }
}

/// As it was written, with the time zone where that means something.
impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        match self.zone.iana_name() {
            Some(zone) if !self.is_real_time() => write!(f, " {zone}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cadence, Timestamp};
    use tieout_model::{Calendar, Period};

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp(instant.as_microsecond())
    }

    /// The times after `start`, as instants in UTC.
    fn check(cadence: (&str, &str), start: &str, expected: &[&str]) {
        let cadence = Cadence::parse(cadence.0, cadence.1).unwrap();
        let mut last = at(start);
        for wanted in expected {
            let next = cadence.next_after(last, &Calendar::default()).unwrap();
            assert_eq!(next, at(wanted), "{cadence} after {last}");
            assert!(!cadence.is_due(Some(last), Timestamp(next.0 - 1), &Calendar::default()));
            assert!(cadence.is_due(Some(last), next, &Calendar::default()));
            last = next;
        }
    }

    #[test]
    fn words_and_lines_give_their_times() {
        check(
            ("hourly", "UTC"),
            "2026-11-28T10:15:00Z",
            &["2026-11-28T11:00:00Z", "2026-11-28T12:00:00Z"],
        );
        check(
            ("hourly", "Asia/Kolkata"),
            "2026-11-28T10:15:00Z",
            &["2026-11-28T10:30:00Z", "2026-11-28T11:30:00Z"],
        );
        check(
            ("daily", "America/New_York"),
            "2026-07-01T12:00:00Z",
            &["2026-07-02T04:00:00Z", "2026-07-03T04:00:00Z"],
        );
        // Friday evening, then Monday.
        check(
            ("30 18 * * mon-fri", "Europe/London"),
            "2026-11-27T18:29:59Z",
            &["2026-11-27T18:30:00Z", "2026-11-30T18:30:00Z"],
        );
        check(
            ("*/20 9-10 1,15 * *", "UTC"),
            "2026-11-15T10:20:00Z",
            &["2026-11-15T10:40:00Z", "2026-12-01T09:00:00Z"],
        );
        // Both days given: either counts.
        check(
            ("0 6 13 * 5", "UTC"),
            "2026-11-12T00:00:00Z",
            &["2026-11-13T06:00:00Z", "2026-11-20T06:00:00Z"],
        );
        check(
            ("0 0 29 2 *", "UTC"),
            "2026-11-28T00:00:00Z",
            &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"],
        );
    }

    #[test]
    fn a_time_the_clocks_skip_is_kept_later_and_one_they_repeat_is_kept_once() {
        // London: 01:00 became 02:00 on 2026-03-29, and 02:00 became 01:00 on 2026-10-25.
        let nightly = ("30 1 * * *", "Europe/London");
        check(
            nightly,
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
        );
        check(
            nightly,
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        );
    }

    #[test]
    fn every_hour_is_every_real_hour() {
        let hourly = ("hourly", "Europe/London");
        check(
            hourly,
            "2026-03-29T00:30:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
        );
        check(
            hourly,
            "2026-10-24T23:30:00Z",
            &[
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z",
            ],
        );
    }

    #[test]
    fn a_period_end_comes_with_the_day_after_it_in_the_named_zone() {
        let period = |name: &str, end: &str, is_adjusting| Period {
            name: name.into(),
            name_there: name.into(),
            fiscal_year: 2026,
            number: 1,
            start: "2026-01-01".parse().unwrap(),
            end: end.parse().unwrap(),
            is_adjusting,
        };
        let calendar = Calendar::new(vec![
            period("P01", "2026-01-31", false),
            period("P02", "2026-02-28", false),
            period("P02A", "2026-02-28", true),
        ]);
        let cadence = Cadence::parse("period_end", "America/New_York").unwrap();
        let first = cadence.next_after(at("2026-01-10T00:00:00Z"), &calendar);
        assert_eq!(first, Some(at("2026-02-01T05:00:00Z")));
        let second = cadence.next_after(first.unwrap(), &calendar);
        assert_eq!(second, Some(at("2026-03-01T05:00:00Z")));
        assert_eq!(cadence.next_after(second.unwrap(), &calendar), None);
        assert!(!cadence.is_due(second, at("2030-01-01T00:00:00Z"), &calendar));
        assert!(cadence.is_due(None, at("2020-01-01T00:00:00Z"), &calendar));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, zone, part) in [
            ("weekly", "UTC", "none of real_time"),
            ("0 0 * *", "UTC", "five fields"),
            ("60 0 * * *", "UTC", "minute \"60\""),
            ("0 24 * * *", "UTC", "hour \"24\""),
            ("0 0 0 * *", "UTC", "day of month \"0\""),
            ("0 0 * 13 *", "UTC", "month \"13\""),
            ("0 0 * * 8", "UTC", "day of week \"8\""),
            ("0 0 * * tues", "UTC", "day of week \"tues\""),
            ("5-1 0 * * *", "UTC", "minute \"5-1\""),
            ("*/0 0 * * *", "UTC", "minute \"*/0\""),
            ("0 0 31 2,4 *", "UTC", "never comes"),
            ("hourly", "Europe/Lundon", "Europe/Lundon"),
        ] {
            let error = Cadence::parse(text, zone).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn its_name_tells_cadences_apart() {
        let name = |text, zone| Cadence::parse(text, zone).unwrap().to_string();
        assert_eq!(name("real_time", "Europe/London"), "real_time");
        assert_eq!(name("hourly", "UTC"), "hourly UTC");
        assert_eq!(
            name(" 0  2 * * *", "Europe/London"),
            "0 2 * * * Europe/London"
        );
    }
}
