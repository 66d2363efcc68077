//! Days and instants as numbers: days since 1970-01-01 and milliseconds since 1970-01-01 UTC, with their text forms.

/// Days since 1970-01-01 (proleptic Gregorian).
pub(crate) type Day = i32;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The day number of a civil date, or `None` if it does not exist.
pub(crate) fn day(year: i32, month: i32, date: i32) -> Option<Day> {
    if !(1..=12).contains(&month) || !(1000..=9999).contains(&year) {
        return None;
    }
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=length).contains(&date) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y / 400;
    let yoe = y - era * 400;
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 719_468)
}

/// Year, month and day of the month.
pub(crate) fn civil(day: Day) -> (i32, i32, i32) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i32::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

fn parse_with(text: &str, separator: u8) -> Option<Day> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != separator || bytes[7] != separator {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i32> {
        let part = text.get(range)?;
        if part.bytes().all(|b| b.is_ascii_digit()) {
            part.parse().ok()
        } else {
            None
        }
    };
    day(number(0..4)?, number(5..7)?, number(8..10)?)
}

/// Reads `YYYY-MM-DD`.
pub(crate) fn parse_day(text: &str) -> Option<Day> {
    parse_with(text, b'-')
}

/// Reads `YYYY/MM/DD`, the form of file-based data import.
pub(crate) fn parse_slashed(text: &str) -> Option<Day> {
    parse_with(text, b'/')
}

fn two(out: &mut String, value: i64) {
    if value < 10 {
        out.push('0');
    }
    out.push_str(&value.to_string());
}

/// Appends `YYYY-MM-DD`.
pub(crate) fn push_day(out: &mut String, value: Day) {
    let (year, month, date) = civil(value);
    out.push_str(&year.to_string());
    out.push('-');
    two(out, i64::from(month));
    out.push('-');
    two(out, i64::from(date));
}

/// `YYYY-MM-DD`.
pub(crate) fn day_text(value: Day) -> String {
    let mut out = String::with_capacity(10);
    push_day(&mut out, value);
    out
}

/// The day of an instant.
pub(crate) fn day_of(ms: i64) -> Day {
    i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX)
}

/// Appends `YYYY-MM-DDThh:mm:ss.mmm` and `suffix`.
pub(crate) fn push_time(out: &mut String, ms: i64, suffix: &str) {
    push_day(out, day_of(ms));
    let rest = ms.rem_euclid(DAY_MS);
    out.push('T');
    two(out, rest / 3_600_000);
    out.push(':');
    two(out, rest / 60_000 % 60);
    out.push(':');
    two(out, rest / 1000 % 60);
    out.push('.');
    let millis = rest % 1000;
    if millis < 100 {
        out.push('0');
    }
    two(out, millis);
    out.push_str(suffix);
}

/// Reads an instant: RFC 3339 with offset or `Z`, a local time taken as UTC, or a date (midnight UTC).
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    if let Some(day) = parse_day(text) {
        return Some(i64::from(day) * DAY_MS);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local: jiff::Timestamp = format!("{text}Z").parse().ok()?;
    Some(local.as_millisecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::{civil, day, day_text, parse_day, parse_slashed, parse_time, push_time};

    #[test]
    fn days_round_trip() {
        for value in (-10_000..60_000).step_by(37) {
            let (y, m, d) = civil(value);
            assert_eq!(day(y, m, d), Some(value));
        }
        assert_eq!(parse_day("2026-02-30"), None);
        assert_eq!(
            parse_slashed("2026/12/31").map(day_text).as_deref(),
            Some("2026-12-31")
        );
        assert_eq!(parse_slashed("2026-12-31"), None);
    }

    #[test]
    fn instants_round_trip() {
        let ms = parse_time("2026-01-31T10:00:00.250+02:00").unwrap();
        let mut text = String::new();
        push_time(&mut text, ms, "+00:00");
        assert_eq!(text, "2026-01-31T08:00:00.250+00:00");
        assert_eq!(
            parse_time("2026-01-31T10:00:00"),
            parse_time("2026-01-31T10:00:00Z")
        );
    }
}
