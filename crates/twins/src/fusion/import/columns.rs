//! `GlInterface.csv` by position (fusion.md §9.3), with the loader's rules: a wrong column anywhere discards the whole file.

use crate::fusion::amount;
use crate::fusion::calendar::{Day, parse_slashed};

/// Columns without the optional end marker.
const COLUMNS: usize = 149;
/// NOT NULL columns, numbered from 1 (fusion.md §9.3; DATE_CREATED [S-live], the others [R]).
const MANDATORY: [(usize, &str); 7] = [
    (1, "STATUS"),
    (3, "ACCOUNTING_DATE"),
    (4, "USER_JE_SOURCE_NAME"),
    (5, "USER_JE_CATEGORY_NAME"),
    (6, "CURRENCY_CODE"),
    (7, "DATE_CREATED"),
    (8, "ACTUAL_FLAG"),
];
const DATES: [(usize, &str); 3] = [
    (3, "ACCOUNTING_DATE"),
    (7, "DATE_CREATED"),
    (65, "CURRENCY_CONVERSION_DATE"),
];
const NUMBERS: [(usize, &str); 9] = [
    (2, "LEDGER_ID"),
    (39, "ENTERED_DR"),
    (40, "ENTERED_CR"),
    (41, "ACCOUNTED_DR"),
    (42, "ACCOUNTED_CR"),
    (63, "STAT_AMOUNT"),
    (66, "CURRENCY_CONVERSION_RATE"),
    (67, "GROUP_ID"),
    (93, "ENCUMBRANCE_TYPE_ID"),
];
/// Greatest lengths; those of free texts are [R].
const LENGTHS: [(usize, &str, usize); 13] = [
    (1, "STATUS", 50),
    (4, "USER_JE_SOURCE_NAME", 25),
    (5, "USER_JE_CATEGORY_NAME", 25),
    (6, "CURRENCY_CODE", 15),
    (8, "ACTUAL_FLAG", 1),
    (43, "REFERENCE1", 100),
    (44, "REFERENCE2", 240),
    (46, "REFERENCE4", 100),
    (47, "REFERENCE5", 240),
    (48, "REFERENCE6", 100),
    (52, "REFERENCE10", 240),
    (64, "USER_CURRENCY_CONVERSION_TYPE", 30),
    (95, "PERIOD_NAME", 15),
];

/// A row of GL_INTERFACE.
#[derive(Debug, Clone, Default)]
pub(super) struct GlRow {
    /// Line of the file, from 1.
    pub line: usize,
    pub load_request: i64,
    /// As the file gives it, `NEW` as a rule; an error code once rejected.
    pub status: String,
    pub ledger_id: String,
    pub ledger_name: String,
    pub date: Day,
    pub source: String,
    pub category: String,
    pub currency: String,
    pub actual: String,
    /// SEGMENT1..30 up to the last one filled.
    pub segments: Vec<String>,
    pub entered: [String; 2],
    pub accounted: [String; 2],
    /// REFERENCE1, 2, 4, 5, 6, 7, 8, 9, 10.
    pub batch_name: String,
    pub batch_description: String,
    pub journal_name: String,
    pub journal_description: String,
    pub journal_reference: String,
    pub reversal: [String; 3],
    pub description: String,
    /// REFERENCE21..30.
    pub references: Vec<String>,
    pub stat: String,
    pub conversion_type: String,
    pub conversion_date: Option<Day>,
    pub conversion_rate: String,
    pub group: String,
    pub context: String,
    /// ATTRIBUTE1..10.
    pub attributes: Vec<String>,
    pub reconciliation: String,
    pub period: String,
}

/// Reads a file; says in words why it is discarded.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<GlRow>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows = Vec::new();
    for (place, record) in reader.records().enumerate() {
        let line = place + 1;
        let record = record.map_err(|e| format!("Record {line}: {e}."))?;
        check(&record).map_err(|words| format!("Record {line}: Rejected - {words}"))?;
        rows.push(row(line, &record));
    }
    if rows.is_empty() {
        return Err("The file holds no rows.".into());
    }
    Ok(rows)
}

fn column(record: &csv::StringRecord, number: usize) -> &str {
    let text = record.get(number - 1).unwrap_or_default().trim();
    if text == "#NULL" { "" } else { text }
}

fn check(record: &csv::StringRecord) -> Result<(), String> {
    let ended = record.len() == COLUMNS + 1 && record.get(COLUMNS).map(str::trim) == Some("END");
    if record.len() != COLUMNS && !ended {
        return Err(format!(
            "{COLUMNS} columns are expected, with or without END, but {} were found.",
            record.len()
        ));
    }
    if let Some((_, name)) = MANDATORY
        .iter()
        .find(|(n, _)| column(record, *n).is_empty())
    {
        return Err(format!(
            "Error on table GL_INTERFACE, column {name}. ORA-01400: cannot insert NULL."
        ));
    }
    for (number, name) in DATES {
        let text = column(record, number);
        if !text.is_empty() && parse_slashed(text).is_none() {
            return Err(format!(
                "Error on table GL_INTERFACE, column {name}. ORA-01861: {text} doesn't match YYYY/MM/DD."
            ));
        }
    }
    for (number, name) in NUMBERS {
        let text = column(record, number);
        if !text.is_empty() && amount::scan(text).is_err() {
            return Err(format!(
                "Error on table GL_INTERFACE, column {name}. ORA-01722: invalid number {text}."
            ));
        }
    }
    for (number, name, limit) in LENGTHS {
        let length = column(record, number).chars().count();
        if length > limit {
            return Err(format!(
                "Error on table GL_INTERFACE, column {name}. ORA-12899: value too large (actual {length}, maximum {limit})."
            ));
        }
    }
    Ok(())
}

fn row(line: usize, record: &csv::StringRecord) -> GlRow {
    let text = |number: usize| column(record, number).to_owned();
    let texts = |from: usize, to: usize| -> Vec<String> {
        let mut list: Vec<String> = (from..=to).map(text).collect();
        while list.last().is_some_and(String::is_empty) {
            list.pop();
        }
        list
    };
    GlRow {
        line,
        load_request: 0,
        status: text(1),
        ledger_id: text(2),
        ledger_name: text(92),
        date: parse_slashed(column(record, 3)).unwrap_or_default(),
        source: text(4),
        category: text(5),
        currency: text(6),
        actual: text(8),
        segments: texts(9, 38),
        entered: [text(39), text(40)],
        accounted: [text(41), text(42)],
        batch_name: text(43),
        batch_description: text(44),
        journal_name: text(46),
        journal_description: text(47),
        journal_reference: text(48),
        reversal: [text(49), text(50), text(51)],
        description: text(52),
        references: texts(53, 62),
        stat: text(63),
        conversion_type: text(64),
        conversion_date: parse_slashed(column(record, 65)),
        conversion_rate: text(66),
        group: text(67),
        context: text(68),
        attributes: texts(69, 78),
        reconciliation: text(94),
        period: text(95),
    }
}
