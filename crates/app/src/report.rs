//! What people see: words on stderr, data on stdout, tables, progress, evidence files.

use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::Context as _;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use tieout_engine::reconcile::Reconciliation;
use tieout_pipeline::Tally;

use crate::summary::{breaks_json, open_breaks};
use crate::systems::Wired;

/// Words for people: stderr.
pub(crate) fn say(text: &str) {
    // If stderr is closed there is nobody to tell.
    let _closed = writeln!(std::io::stderr(), "{}", visible(text));
}

/// Data: stdout.
pub(crate) fn data(text: &str) {
    let text = visible(text);
    let mut out = std::io::stdout().lock();
    // A reader that went away (`| head`) is no error of ours.
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The text with what a terminal would obey instead of show written out: control characters but the line end and the tab, and marks that
/// turn the direction of writing. What systems answer stands in our words, and must not act.
fn visible(text: &str) -> Cow<'_, str> {
    let acts = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A text for a cell of a CSV file that people open in a spreadsheet: what it would take for a formula gets an apostrophe. Not for amounts,
/// which are numbers and stay numbers.
fn text_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '\'']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// How often the line of progress is drawn anew: the eye wants no more.
const REFRESH_INTERVAL: Duration = Duration::from_millis(120);

/// A line that shows what the pipeline does.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Nothing is ever sent; the line ends when this end of the channel goes away.
    end: Sender<()>,
}

impl Progress {
    /// Starts to show; nothing is shown if `is_quiet` or stderr is no terminal.
    pub(crate) fn start(tally: Arc<Tally>, is_quiet: bool) -> Self {
        let bar = if is_quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        let (end, ended) = mpsc::channel();
        let shown = bar.clone();
        std::thread::spawn(move || {
            while ended.recv_timeout(REFRESH_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                shown.set_message(words(&tally));
                shown.tick();
            }
        });
        Self { bar, end }
    }

    /// Ends the line.
    pub(crate) fn finish(self) {
        drop(self.end);
        self.bar.finish_and_clear();
    }
}

fn words(tally: &Tally) -> String {
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "captured {} → mapped {} → sent {} → posted {}   held {}   rejected {}",
        count(&tally.captured),
        count(&tally.translated),
        count(&tally.sent),
        count(&tally.posted),
        count(&tally.held),
        count(&tally.rejected),
    )
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header.iter().map(Cell::new));
    table
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text.to_string()).set_alignment(CellAlignment::Right)
}

/// The tie-out as a table, then every difference with its document.
pub(crate) fn reconciliation_table(results: &[Reconciliation]) -> String {
    let header = [
        "period",
        "entity",
        "ccy",
        "keys",
        "source debits",
        "target debits",
        "breaks",
        "",
    ];
    let mut lines = table(&header);
    for result in results {
        for snapshot in &result.snapshots {
            let breaks = open_breaks(result, snapshot).count();
            let is_tied = breaks == 0 && result.gaps.is_empty();
            lines.add_row(vec![
                Cell::new(&snapshot.label),
                Cell::new(result.entity.as_str()),
                Cell::new(result.currency.code()),
                right(snapshot.keys_total),
                right(grouped(&snapshot.source_total_debit.to_string())),
                right(grouped(&snapshot.target_total_debit.to_string())),
                right(breaks),
                Cell::new(if is_tied { "ties" } else { "DOES NOT TIE" }),
            ]);
        }
    }
    let mut text = format!("{lines}\n");
    for result in results {
        for found in &result.breaks {
            text.push_str(&format!(
                "\n{} {} · {} · {}\n  expected: {}\n  found:    {}\n  to do:    {}\n",
                result.entity,
                found.number,
                found.class.word(),
                found.status.word(),
                found.expected,
                found.found,
                found.remedy,
            ));
            let mut differences =
                table(&["snapshot", "key", "source", "target", "target − source"]);
            for d in &found.differences {
                differences.add_row(vec![
                    Cell::new(&d.snapshot),
                    Cell::new(d.key.to_string()),
                    right(grouped(&d.source.to_string())),
                    right(grouped(&d.target.to_string())),
                    right(grouped(&d.difference.to_string())),
                ]);
            }
            text.push_str(&format!("{differences}\n"));
        }
        for gap in &result.gaps {
            text.push_str(&format!("\n{} evidence incomplete: {gap}\n", result.entity));
        }
    }
    text
}

/// Any rows as a table.
pub(crate) fn rows_table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut lines = table(header);
    for row in rows {
        lines.add_row(row);
    }
    format!("{lines}\n")
}

/// Thousands separated by commas, for reading only.
pub(crate) fn grouped(amount: &str) -> String {
    let (sign, digits) = amount
        .strip_prefix('-')
        .map_or(("", amount), |rest| ("−", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Writes the evidence of reconciliations: every key, every break, completeness, a summary, and the mapping under which it was made.
pub(crate) fn write_evidence(
    folder: &Path,
    wired: &Wired,
    results: &[Reconciliation],
    mapping: &serde_json::Value,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let segments = &wired.config.fusion.segments;
    let mut keys = csv::Writer::from_path(folder.join("trial-balance.csv"))?;
    let mut header: Vec<&str> = vec!["snapshot", "entity", "currency"];
    header.extend(segments.iter().map(String::as_str));
    header.extend(["source", "target", "difference"]);
    keys.write_record(&header)?;
    for result in results {
        for snapshot in &result.snapshots {
            for key in &snapshot.keys {
                let mut row = vec![
                    text_cell(&snapshot.label),
                    text_cell(result.entity.as_str()),
                    key.key.currency.code().to_owned(),
                ];
                let values = key.key.segments();
                if values.is_empty() {
                    row.push(text_cell(&key.key.to_string()));
                    row.extend((1..segments.len()).map(|_| String::new()));
                } else {
                    row.extend(values.iter().map(|value| text_cell(value.as_str())));
                }
                row.extend([&key.source, &key.target, &key.difference].map(ToString::to_string));
                keys.write_record(&row)?;
            }
        }
    }
    keys.flush()?;
    write_completeness(folder, results)?;
    let breaks: Vec<serde_json::Value> = results.iter().flat_map(breaks_json).collect();
    std::fs::write(
        folder.join("breaks.json"),
        serde_json::to_string_pretty(&breaks)?,
    )?;
    std::fs::write(folder.join("tie-out.txt"), reconciliation_table(results))?;
    std::fs::write(
        folder.join("mapping.json"),
        serde_json::to_string_pretty(mapping)?,
    )?;
    Ok(())
}

fn write_completeness(folder: &Path, results: &[Reconciliation]) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_path(folder.join("completeness.csv"))?;
    out.write_record([
        "period",
        "entity",
        "kind",
        "side",
        "documents",
        "total_debit",
        "number_set_sha256",
    ])?;
    for result in results {
        for line in &result.completeness {
            let sides = [
                ("source", line.source.as_ref()),
                ("captured", Some(&line.captured)),
                ("target", Some(&line.target)),
            ];
            for (side, total) in sides {
                let Some(total) = total else { continue };
                out.write_record([
                    line.period.as_str(),
                    result.entity.as_str(),
                    line.kind.map_or("all", tieout_model::DocumentKind::word),
                    side,
                    &total.documents.to_string(),
                    &total.total_debit.to_string(),
                    &total.numbers.to_string(),
                ])?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped_for_reading() {
        for (amount, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.80", "−1,234,567.80"),
            ("100000.000", "100,000.000"),
        ] {
            assert_eq!(grouped(amount), expected);
        }
    }
}
