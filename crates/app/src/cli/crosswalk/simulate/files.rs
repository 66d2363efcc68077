//! A trial as files: the report itself, a workbook, CSV.

use std::path::Path;

use tieout_authoring::{ReportCell, ReportSheet, guarded, write_report};
use tieout_engine::crosswalk::trial::{Report, Simulation};
use tieout_model::Code;

use crate::problem::{Failure, Problem};

/// Writes the report: as a workbook or as JSON by the ending of the name, else a folder with all of it.
pub(super) fn write(
    path: &Path,
    simulation: &Simulation<'_>,
    made: &Report,
) -> Result<(), Failure> {
    let ends_in = |end: &str| {
        path.extension()
            .is_some_and(|found| found.eq_ignore_ascii_case(end))
    };
    if ends_in("json") {
        return put(path, &made.bytes());
    }
    let sheets = sheets(simulation, made);
    if ends_in("xlsx") {
        return put(path, &workbook(&sheets)?);
    }
    std::fs::create_dir_all(path).map_err(|e| unwritable(path, &e.to_string()))?;
    put(&path.join("simulation.json"), &made.bytes())?;
    for sheet in &sheets {
        let name = sheet.name.to_lowercase().replace(' ', "-");
        let file = path.join(format!("{name}.csv"));
        put(
            &file,
            &csv(sheet).map_err(|e| unwritable(&file, &e.to_string()))?,
        )?;
    }
    put(&path.join("simulation.xlsx"), &workbook(&sheets)?)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| unwritable(path, &e.to_string()))
}

fn unwritable(path: &Path, why: &str) -> Failure {
    let what = format!("{} cannot be written: {why}", path.display());
    Failure::Unreachable(Problem::new("P0305", what))
}

fn workbook(sheets: &[ReportSheet]) -> Result<Vec<u8>, Failure> {
    let written = write_report(sheets);
    written.map_err(|fault| Problem::new("P0412", fault.to_string()).into())
}

/// Texts are guarded against being run as formulas; amounts and counts are digits as they are.
fn csv(sheet: &ReportSheet) -> anyhow::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(sheet.columns.iter().map(|name| name.replace(' ', "_")))?;
    for row in &sheet.rows {
        out.write_record(row.iter().map(|cell| match cell {
            ReportCell::Text(text) => guarded(text),
            ReportCell::Amount(amount) => amount.to_string(),
            ReportCell::Count(count) => count.to_string(),
        }))?;
    }
    Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn sheets(simulation: &Simulation<'_>, made: &Report) -> Vec<ReportSheet> {
    vec![
        summary(simulation, made),
        accounts(made),
        trial_balance(made),
        moves(made),
        affected(simulation),
        gaps(simulation),
    ]
}

fn text(text: impl Into<String>) -> ReportCell {
    ReportCell::text(text)
}

fn summary(simulation: &Simulation<'_>, made: &Report) -> ReportSheet {
    let mut rows: Vec<Vec<ReportCell>> = made
        .about()
        .map(|(name, value)| vec![text(name), text(value)])
        .collect();
    let counts = [
        ("documents", made.documents),
        ("lines", made.lines),
        ("documents that move", made.affected),
        (
            "values without a mapping",
            u64::try_from(simulation.gaps().iter().count()).unwrap_or(u64::MAX),
        ),
    ];
    rows.extend(counts.map(|(name, count)| vec![text(name), ReportCell::Count(count)]));
    rows.push(vec![text("simulation"), text(made.digest().to_string())]);
    ReportSheet {
        name: "Summary",
        columns: vec!["what", "value"],
        rows,
    }
}

fn accounts(made: &Report) -> ReportSheet {
    let rows = made.accounts.iter().map(|row| {
        vec![
            text(row.currency.code()),
            text(&row.account),
            ReportCell::Amount(row.old),
            ReportCell::Amount(row.new),
            ReportCell::Amount(row.delta),
        ]
    });
    ReportSheet {
        name: "Accounts",
        columns: vec!["currency", "account", "old", "new", "delta"],
        rows: rows.collect(),
    }
}

fn trial_balance(made: &Report) -> ReportSheet {
    let rows = made.balances.iter().map(|row| {
        vec![
            text(&row.entity),
            text(row.currency.code()),
            text(&row.key),
            ReportCell::Amount(row.old),
            ReportCell::Amount(row.new),
            ReportCell::Amount(row.delta),
        ]
    });
    ReportSheet {
        name: "Trial balance",
        columns: vec!["entity", "currency", "key", "old", "new", "delta"],
        rows: rows.collect(),
    }
}

fn moves(made: &Report) -> ReportSheet {
    let rows = made.moves.iter().map(|(key, moved)| {
        vec![
            text(&*key.entity),
            text(key.currency.code()),
            text(joined(&key.old)),
            text(joined(&key.new)),
            text(key.is_carried.to_string()),
            ReportCell::Count(moved.lines),
            ReportCell::Amount(moved.net),
            ReportCell::Amount(moved.gross),
        ]
    });
    ReportSheet {
        name: "Moves",
        columns: vec![
            "entity",
            "currency",
            "old key",
            "new key",
            "carried forward",
            "lines",
            "net",
            "gross",
        ],
        rows: rows.collect(),
    }
}

fn affected(simulation: &Simulation<'_>) -> ReportSheet {
    let affected = simulation.affected();
    let rows = affected.into_iter().map(|one| {
        vec![
            text(&*one.entity),
            text(&one.number),
            text(one.kind),
            text(one.date.to_string()),
            ReportCell::Amount(one.gross),
            text(one.is_held.to_string()),
        ]
    });
    ReportSheet {
        name: "Affected documents",
        columns: vec![
            "entity",
            "document",
            "kind",
            "date",
            "gross moved",
            "would be held",
        ],
        rows: rows.collect(),
    }
}

fn gaps(simulation: &Simulation<'_>) -> ReportSheet {
    let rows = simulation.gaps().iter().map(|(gap, used)| {
        let amounts = used.amounts.iter();
        let amounts: Vec<String> = amounts
            .map(|(currency, amount)| format!("{amount} {currency}"))
            .collect();
        vec![
            text(gap.reason.word()),
            text(&gap.dimension),
            text(&gap.value),
            ReportCell::Count(used.documents),
            ReportCell::Count(used.lines),
            text(amounts.join(", ")),
            text(used.examples.join(", ")),
            text(&gap.detail),
            text(&gap.remedy),
        ]
    });
    ReportSheet {
        name: "Gaps",
        columns: vec![
            "reason",
            "dimension",
            "value",
            "documents",
            "lines",
            "at stake",
            "examples",
            "detail",
            "remedy",
        ],
        rows: rows.collect(),
    }
}

/// Segments as people write them.
pub(super) fn joined(segments: &[Code]) -> String {
    if segments.is_empty() {
        return "(held)".into();
    }
    let values: Vec<&str> = segments.iter().map(Code::as_str).collect();
    values.join("-")
}
