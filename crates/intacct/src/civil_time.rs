//! Dates and stamps as the user's formatting shows them (intacct-xml.md §3.3, §6 trap 2).
//!
//! Stamps are read and written in the user's zone: fixed minutes from Greenwich, asked for at start-up. Accounting dates have no zone.

use tieout_model::{AccountingDate, Timestamp};

/// Minutes east of Greenwich in which the user sees stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Zone(pub(crate) i32);

/// A whole second since 1970-01-01 UTC.
pub(crate) type Second = i64;

/// `MM/DD/YYYY` (generic functions).
pub(crate) fn date(text: &str) -> Option<AccountingDate> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || year.len() != 4 || ![month, day, year].into_iter().all(is_plain) {
        return None;
    }
    let civil = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    civil.ok()
}

/// `MM/DD/YYYY` for a filter.
pub(crate) fn date_text(date: AccountingDate) -> String {
    format!("{:02}/{:02}/{:04}", date.month(), date.day(), date.year())
}

/// `MM/DD/YYYY HH:MM:SS`, or a date alone (some stamps come so, §3.3 [C]), in the user's zone.
pub(crate) fn second(text: &str, zone: Zone) -> Option<Second> {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let day = date(day)?;
    let mut parts = time.split(':');
    let mut next = || -> Option<i8> { parts.next()?.parse().ok() };
    let (hour, minute, second) = (next()?, next()?, next()?);
    if parts.next().is_some() {
        return None;
    }
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    let local = day.to_datetime(time);
    let utc = jiff::tz::TimeZone::UTC.to_timestamp(local).ok()?;
    utc.as_second().checked_sub(i64::from(zone.0) * 60)
}

/// `MM/DD/YYYY HH:MM:SS` in the user's zone for a filter.
pub(crate) fn second_text(second: Second, zone: Zone) -> String {
    let local = second.saturating_add(i64::from(zone.0) * 60);
    match jiff::Timestamp::from_second(local) {
        Ok(at) => at.strftime("%m/%d/%Y %H:%M:%S").to_string(),
        Err(_) => "01/01/1970 00:00:00".to_owned(),
    }
}

/// The instant of a whole second.
pub(crate) fn instant(second: Second) -> Timestamp {
    Timestamp::from_millis(second.saturating_mul(1000))
}

/// ISO 8601 with offset, as in the authentication block (§1.6 [D]); milliseconds since 1970-01-01 UTC.
pub(crate) fn iso_millis(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(at.as_millisecond())
}

/// `gmtoffset` of `readUserFormatting` in minutes: hours (`-8`, `5.5`) or hours and minutes (`+05:30`, `-0800`); its exact form is
/// unknown (§2.3 [C]), so every plain one is understood and anything else refused.
pub(crate) fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.trim();
    let text = text
        .strip_prefix("GMT")
        .or_else(|| text.strip_prefix("UTC"))
        .unwrap_or(text);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if text.is_empty() {
        return Some(0);
    }
    let whole = |s: &str| -> Option<i32> {
        let is_plain = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        is_plain.then(|| s.parse().ok()).flatten()
    };
    let minutes = if let Some((hours, minutes)) = digits.split_once(':') {
        whole(hours)? * 60 + whole(minutes)?
    } else if let Some((hours, fraction)) = digits.split_once('.') {
        let part = match fraction.trim_end_matches('0') {
            "" => 0,
            "25" => 15,
            "5" => 30,
            "75" => 45,
            _ => return None,
        };
        whole(hours)? * 60 + part
    } else if digits.len() == 4 {
        whole(digits)? / 100 * 60 + whole(digits)? % 100
    } else {
        whole(digits)?.checked_mul(60)?
    };
    (minutes <= 14 * 60).then_some(sign * minutes)
}

#[cfg(test)]
mod tests {
    use super::{Zone, date, date_text, iso_millis, offset_minutes, second, second_text};

    #[test]
    fn stamps_go_to_the_users_zone_and_back() {
        let pacific = Zone(-480);
        let at = second("12/31/2026 16:00:00", pacific).unwrap();
        assert_eq!(at, second("01/01/2027 00:00:00", Zone(0)).unwrap());
        assert_eq!(second_text(at, pacific), "12/31/2026 16:00:00");
        assert_eq!(second("02/29/2028", Zone(60)).unwrap() % 60, 0);
    }

    #[test]
    fn other_formats_are_refused() {
        for text in [
            "2026-12-31",
            "31/12/2026",
            "12/31/26",
            "",
            "12/31/2026/1",
            "+1/01/2026",
        ] {
            assert!(date(text).is_none(), "{text:?}");
        }
        for text in [
            "2026-12-31T00:00:00Z",
            "12/31/2026 24:00:00",
            "12/31/2026 10:00",
            "12/31/2026 1:2:3:4",
        ] {
            assert!(second(text, Zone(0)).is_none(), "{text:?}");
        }
        assert_eq!(date_text(date("02/03/2026").unwrap()), "02/03/2026");
    }

    #[test]
    fn offsets_are_understood_in_every_plain_form() {
        for (text, minutes) in [
            ("-8", -480),
            ("+05:30", 330),
            ("5.5", 330),
            ("-0800", -480),
            ("0", 0),
            ("GMT+1", 60),
            ("", 0),
        ] {
            assert_eq!(offset_minutes(text), Some(minutes), "{text:?}");
        }
        assert_eq!(offset_minutes("PST"), None);
        assert_eq!(offset_minutes("99"), None);
    }

    #[test]
    fn session_stamps_have_their_own_zone() {
        let a = iso_millis("2026-01-05T10:00:00+00:00").unwrap();
        assert_eq!(iso_millis("2026-01-05T02:00:00-08:00"), Some(a));
    }
}
