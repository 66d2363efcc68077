//! What was measured, on what, beside its goal.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

/// Whether a figure reaches its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Reached,
    /// It does not.
    Missed,
    /// It could not be measured.
    NotMeasured,
    /// There is no goal.
    Informative,
}

impl Verdict {
    /// Reached or missed.
    pub(super) const fn of(is_reached: bool) -> Self {
        if is_reached {
            Self::Reached
        } else {
            Self::Missed
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "MISSED",
            Self::NotMeasured => "NOT MEASURED",
            Self::Informative => "",
        }
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// Which measurement.
    pub(super) letter: char,
    /// What was measured.
    pub(super) what: String,
    /// The figure with its unit.
    pub(super) figure: String,
    /// The goal, if there is one.
    pub(super) goal: String,
    /// How both compare.
    pub(super) verdict: Verdict,
    /// How it came about.
    pub(super) note: String,
}

/// `part ÷ whole` with two decimals, as text.
pub(super) fn ratio(part: u128, whole: u128) -> String {
    let hundredths = hundredths(part, whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `part ÷ whole` in hundredths, rounded down; 0 if there is no whole.
pub(super) fn hundredths(part: u128, whole: u128) -> u128 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

/// Things per second.
pub(super) fn per_second(things: u128, micros: u128) -> u128 {
    things
        .saturating_mul(1_000_000)
        .checked_div(micros)
        .unwrap_or(0)
}

/// Microseconds as milliseconds with one decimal.
pub(super) fn milliseconds(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// The middle of a list, the later of two.
pub(super) fn median(mut list: Vec<u128>) -> u128 {
    list.sort_unstable();
    list.get(list.len() / 2).copied().unwrap_or(0)
}

/// Table with machine, commit and data.
pub(super) fn words(figures: &[Figure], data: &str) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "measurement", "figure", "goal", "", "how"]);
    for one in figures {
        table.add_row([
            one.letter.to_string(),
            one.what.clone(),
            one.figure.clone(),
            one.goal.clone(),
            one.verdict.word().to_owned(),
            one.note.clone(),
        ]);
    }
    let mut text = String::new();
    // Writing into a string can't fail.
    let _infallible = writeln!(text, "machine: {}", machine());
    let _infallible = writeln!(text, "commit:  {}", commit());
    let _infallible = writeln!(text, "data:    {data}");
    let _infallible = writeln!(text, "{table}");
    text
}

/// The same as JSON.
pub(super) fn json(figures: &[Figure], data: &str) -> Value {
    let lines: Vec<Value> = figures
        .iter()
        .map(|one| {
            json!({
                "letter": one.letter.to_string(), "what": one.what, "figure": one.figure, "goal": one.goal,
                "verdict": one.verdict.word(), "note": one.note,
            })
        })
        .collect();
    json!({ "machine": machine(), "commit": commit(), "data": data, "figures": lines })
}

/// Processors, memory and system of this machine.
pub(super) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory_kib: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or(0);
    format!(
        "{cores} × {}, {} GiB, Linux {}; load {}",
        field(&read("/proc/cpuinfo"), "model name"),
        memory_kib.div_ceil(1 << 20),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}

/// The commit that lies in the folder where this runs, and whether anything in it was changed.
pub(super) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(name) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown (not run inside the clone)".to_owned();
    };
    let is_changed = git(&["status", "--porcelain", "-uno"]).is_none_or(|list| !list.is_empty());
    let changed = if is_changed { " with changes" } else { "" };
    format!("{name}{changed}")
}

#[cfg(test)]
mod tests {
    use super::{hundredths, median, per_second, ratio};

    #[test]
    fn ratios_are_rounded_down_so_that_no_goal_is_reached_by_rounding() {
        assert_eq!(ratio(799, 1000), "0.79");
        assert_eq!(hundredths(799, 1000), 79);
        assert_eq!(ratio(12, 1), "12.00");
        assert_eq!(hundredths(1, 0), 0);
    }

    #[test]
    fn rates_and_medians_are_whole_numbers() {
        assert_eq!(per_second(3, 2_000_000), 1);
        assert_eq!(median(vec![5, 1, 9]), 5);
        assert_eq!(median(Vec::new()), 0);
    }
}
