//! Dates and timestamps of the books as small numbers, and the gateway's spellings of them.
//!
//! A day counts from 1900-01-01 = 1, a moment counts seconds from 1990-01-01 00:00:00 UTC = 1; both fit 31 bits. Zero never occurs, so that
//! it can stand for "empty".

use jiff::civil::{Date, DateTime, date};
use jiff::{SpanRound, ToSpan, Unit};

/// Unix seconds of 1990-01-01, less one.
const ORIGIN: i64 = 631_151_999;

fn first_day() -> Date {
    date(1899, 12, 31)
}

/// The day number of a calendar date; `None` outside 1900 to 9999 or for a date that does not exist.
pub(in crate::intacct) fn day(year: i16, month: i8, day: i8) -> Option<u32> {
    let given = Date::new(year, month, day).ok()?;
    let span = first_day().until(given).ok()?;
    u32::try_from(span.get_days()).ok().filter(|n| *n > 0)
}

/// The calendar date of a day number.
pub(in crate::intacct) fn civil(day: u32) -> Date {
    first_day()
        .checked_add(i64::from(day).days())
        .unwrap_or(Date::MAX)
}

/// Reads `YYYY-MM-DD`.
pub(in crate::intacct) fn day_from_iso(text: &str) -> Option<u32> {
    let mut parts = text.split('-');
    let parsed = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || parsed.0.len() != 4 || parsed.1.len() != 2 || parsed.2.len() != 2 {
        return None;
    }
    day(
        parsed.0.parse().ok()?,
        parsed.1.parse().ok()?,
        parsed.2.parse().ok()?,
    )
}

/// Reads `MM/DD/YYYY` (one-digit month and day accepted).
pub(in crate::intacct) fn day_from_us(text: &str) -> Option<u32> {
    let mut parts = text.split('/');
    let (month, dayno, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || dayno.len() > 2 {
        return None;
    }
    day(year.parse().ok()?, month.parse().ok()?, dayno.parse().ok()?)
}

/// Prints `MM/DD/YYYY`.
pub(in crate::intacct) fn day_to_us(day: u32) -> String {
    let d = civil(day);
    format!("{:02}/{:02}/{:04}", d.month(), d.day(), d.year())
}

/// Prints `YYYY-MM-DD`.
pub(in crate::intacct) fn day_to_iso(day: u32) -> String {
    civil(day).to_string()
}

/// Reads `MM/DD/YYYY HH:MM:SS` or a bare date (midnight) on a clock `offset` minutes east of UTC.
pub(in crate::intacct) fn moment_from_us(text: &str, offset: i32) -> Option<u32> {
    let (date_part, time_part) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let dayno = day_from_us(date_part)?;
    let mut parts = time_part.split(':');
    let (h, m, s): (i8, i8, i8) = (
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    if parts.next().is_some() {
        return None;
    }
    let time = jiff::civil::Time::new(h, m, s, 0).ok()?;
    moment_of(civil(dayno).to_datetime(time), offset)
}

/// Prints `MM/DD/YYYY HH:MM:SS` on a clock `offset` minutes east of UTC.
pub(in crate::intacct) fn moment_to_us(moment: u32, offset: i32) -> String {
    let dt = civil_time(moment, offset);
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02}",
        dt.month(),
        dt.day(),
        dt.year(),
        dt.hour(),
        dt.minute(),
        dt.second()
    )
}

/// Reads an instant such as `2026-12-01T09:00:00Z`.
pub(in crate::intacct) fn moment_from_iso(text: &str) -> Option<u32> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    moment_from_unix(stamp.as_second())
}

/// Prints `2026-12-01T09:00:00Z`.
pub(in crate::intacct) fn moment_to_iso(moment: u32) -> String {
    format!("{}Z", civil_time(moment, 0).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The moment of a Unix second.
pub(in crate::intacct) fn moment_from_unix(seconds: i64) -> Option<u32> {
    u32::try_from(seconds - ORIGIN)
        .ok()
        .filter(|n| *n > 0 && *n < 0x8000_0000)
}

/// The Unix second of a moment.
pub(in crate::intacct) fn unix_from_moment(moment: u32) -> i64 {
    i64::from(moment) + ORIGIN
}

/// The day a moment falls on, UTC.
pub(in crate::intacct) fn day_of_moment(moment: u32) -> u32 {
    let d = civil_time(moment, 0).date();
    day(d.year(), d.month(), d.day()).unwrap_or(1)
}

/// ISO-8601 with `+00:00`, as in `sessiontimestamp` (§1.7 [V]; the offset literally, §7.3).
pub(in crate::intacct) fn stamp_from_unix(seconds: i64) -> String {
    let dt = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{}+00:00", dt.strftime("%Y-%m-%dT%H:%M:%S"))
}

fn civil_time(moment: u32, offset: i32) -> DateTime {
    let seconds = unix_from_moment(moment) + i64::from(offset) * 60;
    let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(stamp)
}

fn moment_of(dt: DateTime, offset: i32) -> Option<u32> {
    let epoch = date(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let span = epoch
        .until(dt)
        .ok()?
        .round(SpanRound::new().largest(Unit::Second).days_are_24_hours());
    moment_from_unix(span.ok()?.get_seconds() - i64::from(offset) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_survive_the_round_trip() {
        assert_eq!(day_to_us(day_from_iso("2026-12-31").unwrap()), "12/31/2026");
        assert_eq!(
            day_from_us("2/29/2028").map(day_to_iso).unwrap(),
            "2028-02-29"
        );
        assert!(day_from_us("02/30/2026").is_none());
        assert!(day_from_us("2026-01-31").is_none());
    }

    #[test]
    fn moments_survive_the_round_trip() {
        let moment = moment_from_iso("2026-12-01T09:00:07Z").unwrap();
        assert_eq!(moment_to_us(moment, 0), "12/01/2026 09:00:07");
        assert_eq!(moment_from_us("12/01/2026 09:00:07", 0), Some(moment));
        assert_eq!(
            moment_from_us(&moment_to_us(moment, -420), -420),
            Some(moment)
        );
        assert_eq!(moment_to_iso(moment), "2026-12-01T09:00:07Z");
        assert_eq!(day_to_iso(day_of_moment(moment)), "2026-12-01");
        assert_eq!(stamp_from_unix(0), "1970-01-01T00:00:00+00:00");
    }
}
