//! A line of five fields, `minute hour day-of-month month day-of-week`, as cron has read it since Version 7: `*`, numbers, names of months
//! and weekdays, ranges, steps and lists. If both kinds of day are restricted, either of them counts.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::cadence::CadenceError;

/// The times a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    minutes: BTreeSet<i8>,
    hours: BTreeSet<i8>,
    days: Field,
    months: BTreeSet<i8>,
    weekdays: Field,
}

/// A field that matters together with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    values: BTreeSet<i8>,
    /// It begins with `*`.
    is_open: bool,
}

/// What may stand in a field.
struct Kind {
    name: &'static str,
    min: i8,
    max: i8,
    names: &'static [&'static str],
}

const MINUTE: Kind = Kind {
    name: "minute",
    min: 0,
    max: 59,
    names: &[],
};
const HOUR: Kind = Kind {
    name: "hour",
    min: 0,
    max: 23,
    names: &[],
};
const DAY: Kind = Kind {
    name: "day of month",
    min: 1,
    max: 31,
    names: &[],
};
const MONTH: Kind = Kind {
    name: "month",
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
/// Sunday is 0, and 7 as well.
const WEEKDAY: Kind = Kind {
    name: "day of week",
    min: 0,
    max: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// Days of the months in a leap year.
const LENGTHS: [i8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Line {
    /// Reads a line whose fields are separated by single spaces.
    pub(super) fn parse(line: &str) -> Result<Self, CadenceError> {
        let fields: Vec<&str> = line.split(' ').collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CadenceError::Unknown(line.to_owned()));
        };
        let read = |kind: &Kind, text: &str| {
            values(kind, text).ok_or_else(|| CadenceError::Field {
                line: line.to_owned(),
                field: kind.name,
                text: text.to_owned(),
                wanted: wanted(kind),
            })
        };
        let mut weekdays = read(&WEEKDAY, weekday)?;
        if weekdays.remove(&7) {
            weekdays.insert(0);
        }
        let parsed = Self {
            minutes: read(&MINUTE, minute)?,
            hours: read(&HOUR, hour)?,
            days: Field {
                values: read(&DAY, day)?,
                is_open: day.starts_with('*'),
            },
            months: read(&MONTH, month)?,
            weekdays: Field {
                values: weekdays,
                is_open: weekday.starts_with('*'),
            },
        };
        if parsed.has_any_day() {
            Ok(parsed)
        } else {
            Err(CadenceError::Never(line.to_owned()))
        }
    }

    /// True if the line names some time of that day.
    pub(super) fn has_day(&self, day: Date) -> bool {
        if !self.months.contains(&day.month()) {
            return false;
        }
        let is_day = self.days.values.contains(&day.day());
        let weekday = day.weekday().to_sunday_zero_offset();
        let is_weekday = self.weekdays.values.contains(&weekday);
        if self.days.is_open || self.weekdays.is_open {
            is_day && is_weekday
        } else {
            is_day || is_weekday
        }
    }

    /// Hours and minutes, in order.
    pub(super) fn times(&self) -> impl Iterator<Item = (i8, i8)> {
        let minutes = |hour: i8| self.minutes.iter().map(move |minute| (hour, *minute));
        self.hours.iter().flat_map(move |hour| minutes(*hour))
    }

    /// True if every hour is named: then real hours count, not their names.
    pub(super) fn is_every_hour(&self) -> bool {
        self.hours.len() == 24
    }

    fn has_any_day(&self) -> bool {
        if !self.days.is_open && !self.weekdays.is_open {
            return true;
        }
        let fits = |month: &i8| {
            let index = usize::try_from(*month - 1).unwrap_or_default();
            let length = LENGTHS.get(index).copied().unwrap_or(31);
            self.days.values.iter().any(|day| *day <= length)
        };
        self.months.iter().any(fits)
    }
}

fn wanted(kind: &Kind) -> String {
    let names = match kind.names {
        [] => String::new(),
        names => format!(" or {}", names.join(", ")),
    };
    format!(
        "{} to {}{names}; `*`, ranges `a-b`, steps `*/n` or `a-b/n`, and lists joined by commas",
        kind.min, kind.max
    )
}

fn values(kind: &Kind, text: &str) -> Option<BTreeSet<i8>> {
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (kind.min, kind.max),
            Some((first, last)) => (value(kind, first)?, value(kind, last)?),
            // A step needs a range to step through.
            None if step != 1 || part.contains('/') => return None,
            None => (value(kind, range)?, value(kind, range)?),
        };
        if step < 1 || last < first {
            return None;
        }
        let step = usize::try_from(step).ok()?;
        found.extend((first..=last).step_by(step));
    }
    Some(found)
}

fn value(kind: &Kind, text: &str) -> Option<i8> {
    let named = kind.names.iter().position(|n| n.eq_ignore_ascii_case(text));
    let value = match named {
        Some(index) => i8::try_from(index).ok()?.checked_add(kind.min)?,
        None => number(text)?,
    };
    (kind.min..=kind.max).contains(&value).then_some(value)
}

/// Digits only: no sign, no space.
fn number(text: &str) -> Option<i8> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}
