//! Days: from when a version may apply, and until when an emergency must be reviewed.

use tieout_model::{AccountingDate, Calendar, Timestamp};

use crate::crosswalk::control::{ControlFault, Refused};

/// Business days after signing within which an emergency change must be reviewed (domain dossier 4.4). Saturdays and Sundays do not count;
/// holidays do, since no calendar of them is known here.
pub const FOLLOW_UP_BUSINESS_DAYS: u32 = 2;

/// The day of an instant, in UTC.
pub fn day_of(at: Timestamp) -> AccountingDate {
    let text = at.to_string();
    let day = text.get(..10).and_then(|day| day.parse().ok());
    day.unwrap_or(AccountingDate::ZERO)
}

/// The day `count` business days after `day`.
pub fn business_days_after(day: AccountingDate, count: u32) -> AccountingDate {
    let mut found = day;
    let mut left = count;
    while left > 0 {
        let Ok(next) = found.tomorrow() else {
            return found;
        };
        found = next;
        if found.weekday().to_monday_one_offset() <= 5 {
            left = left.saturating_sub(1);
        }
    }
    found
}

/// Why a version may not begin on `effective_from`, seen on `today`; `None` if it may.
///
/// It must be the first day of a regular period of the signed calendar that lies in the future and is not closed. An emergency may also
/// begin inside the period that is running, or on any later day of an open period.
pub fn effective_fault(
    subject: &str,
    effective_from: AccountingDate,
    is_emergency: bool,
    today: AccountingDate,
    calendar: &Calendar,
    closed: &dyn Fn(&str) -> bool,
) -> Option<ControlFault> {
    let refuse = |what: String, remedy: &str| {
        Some(ControlFault {
            kind: Refused::Date,
            subject: subject.to_owned(),
            what,
            remedy: remedy.to_owned(),
        })
    };
    let Some(period) = calendar.period_of(effective_from, false) else {
        let what = format!("no period of the signed calendar covers {effective_from}");
        return refuse(
            what,
            "add the period to the reference data, or choose another day",
        );
    };
    let name = &period.name;
    if closed(name) {
        let what = format!("{effective_from} lies in period {name}, which is closed");
        return refuse(
            what,
            "begin in an open period; correct the past by a restatement",
        );
    }
    if is_emergency && period.end >= today {
        return None;
    }
    if period.start <= today {
        let what =
            format!("{effective_from} lies in period {name}, which has begun (today is {today})");
        let remedy =
            "begin with a future period, or use --emergency for the period that is running";
        return refuse(what, remedy);
    }
    if !is_emergency && period.start != effective_from {
        let what = format!("{effective_from} is not the first day of period {name}");
        let remedy = format!(
            "begin on {}, so that no period is coded by two versions",
            period.start
        );
        return refuse(what, &remedy);
    }
    None
}

#[cfg(test)]
mod tests {
    use tieout_model::{AccountingDate, Calendar, Period};

    use super::{business_days_after, effective_fault};

    fn day(text: &str) -> AccountingDate {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        let months = [
            ("P11", "2026-11-01", "2026-11-30"),
            ("P12", "2026-12-01", "2026-12-31"),
        ];
        let period = |(i, (name, start, end)): (usize, &(&str, &str, &str))| Period {
            name: (*name).into(),
            name_there: (*name).into(),
            fiscal_year: 2026,
            number: i32::try_from(i).unwrap(),
            start: day(start),
            end: day(end),
            is_adjusting: false,
        };
        Calendar::new(months.iter().enumerate().map(period).collect())
    }

    #[test]
    fn two_business_days_skip_the_weekend() {
        assert_eq!(business_days_after(day("2026-11-24"), 2), day("2026-11-26"));
        assert_eq!(business_days_after(day("2026-11-26"), 2), day("2026-11-30"));
        assert_eq!(business_days_after(day("2026-11-28"), 2), day("2026-12-01"));
    }

    #[test]
    fn a_version_begins_with_an_open_future_period() {
        let today = day("2026-11-25");
        let refused = |from: &str, is_emergency, closed: bool| {
            let found =
                effective_fault("CW-1", day(from), is_emergency, today, &calendar(), &|_| {
                    closed
                });
            found.map(|fault| fault.what)
        };
        assert_eq!(refused("2026-12-01", false, false), None);
        assert!(
            refused("2026-12-02", false, false)
                .unwrap()
                .contains("first day")
        );
        assert!(
            refused("2026-11-30", false, false)
                .unwrap()
                .contains("has begun")
        );
        assert_eq!(refused("2026-11-20", true, false), None);
        assert!(
            refused("2026-12-01", true, true)
                .unwrap()
                .contains("closed")
        );
        assert!(
            refused("2027-01-01", false, false)
                .unwrap()
                .contains("no period")
        );
    }
}
