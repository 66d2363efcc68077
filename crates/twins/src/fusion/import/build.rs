//! Journal Import proper: groups rows, checks balance, makes batches and journals (fusion.md §9.3, §9.5).

use std::collections::BTreeMap;

use super::Selection;
use super::check::{Found, Rejection};
use super::columns::GlRow;
use crate::fusion::FusionTwin;
use crate::fusion::amount::full;
use crate::fusion::jobs::{Outcome, Work};
use crate::fusion::ledger::{Batch, Header, Line, Reversal};
use crate::fusion::symbols::Symbol;

/// What rows of one journal share.
type JournalKey = (
    usize,
    String,
    String,
    i32,
    String,
    String,
    Option<i32>,
    String,
);

impl FusionTwin {
    /// Imports the selected rows; gives the outcome of the request and its log.
    pub(super) fn import_journals(
        &mut self,
        due: i64,
        request: i64,
        selection: &Selection,
        purge: bool,
    ) -> (Outcome, String) {
        let (selected, kept) = self.take_rows(selection);
        self.import.rows = kept;
        let mut log = format!(
            "Source: {}\nGroup: {}\n",
            selection.source,
            selection.group.as_deref().unwrap_or("ALL")
        );
        if selected.is_empty() {
            log.push_str("No rows were selected.\n");
            return (Outcome::Succeeded, log);
        }
        let total = selected.len();
        let mut groups: BTreeMap<(String, String), Vec<GlRow>> = BTreeMap::new();
        for row in selected {
            groups
                .entry((row.batch_name.clone(), row.group.clone()))
                .or_default()
                .push(row);
        }
        let (mut rejected, mut batches) = (0, 0);
        for ((_, group), mut rows) in groups {
            match self.check_group(&mut rows) {
                Ok(found) => {
                    batches += self.make_batches(
                        due,
                        request,
                        &group,
                        &rows,
                        &found,
                        selection.import_flexfields,
                    )
                }
                Err(errors) => {
                    rejected += rows.len();
                    for line in errors {
                        log.push_str(&line);
                        log.push('\n');
                    }
                    if !purge {
                        self.import.rows.append(&mut rows);
                    }
                }
            }
        }
        log.push_str(&format!(
            "Rows selected: {total}\nRows rejected: {rejected}\nBatches created: {batches}\n"
        ));
        (
            if rejected > 0 {
                Outcome::Warning
            } else {
                Outcome::Succeeded
            },
            log,
        )
    }

    /// Splits the interface into the rows of the selection and the rest.
    fn take_rows(&mut self, selection: &Selection) -> (Vec<GlRow>, Vec<GlRow>) {
        let all = std::mem::take(&mut self.import.rows);
        let fits = |row: &GlRow| {
            let ledger = self.row_ledger(row).ok();
            // A row of another status is neither new nor rejected before; it stays where it is.
            (row.status == "NEW" || row.status.starts_with('E'))
                && row.source == selection.source
                && selection.group.as_ref().is_none_or(|g| *g == row.group)
                && (selection.ledger.is_none() || ledger.is_none() || ledger == selection.ledger)
                && ledger.is_none_or(|l| selection.access.contains(&l))
        };
        all.into_iter().partition(fits)
    }

    /// Checks the rows of one REFERENCE1; on any error writes the codes to the rows and gives the log lines.
    fn check_group(&mut self, rows: &mut [GlRow]) -> Result<Vec<Found>, Vec<String>> {
        let mut found = Vec::with_capacity(rows.len());
        let mut errors = Vec::new();
        for (place, row) in rows.iter_mut().enumerate() {
            match self.check_row(place, row) {
                Ok(one) => {
                    row.status = "NEW".into();
                    found.push(one);
                }
                Err((code, words)) => {
                    row.status = code.into();
                    errors.push(format!(
                        "Line {} group {}: {code} {words}",
                        row.line, row.batch_name
                    ));
                }
            }
        }
        if errors.is_empty()
            && let Some((code, words)) = self.imbalance(rows, &found)
        {
            for row in rows.iter_mut() {
                row.status = code.into();
                errors.push(format!(
                    "Line {} group {}: {code} {words}",
                    row.line, row.batch_name
                ));
            }
        }
        if errors.is_empty() {
            Ok(found)
        } else {
            Err(errors)
        }
    }

    /// Accounted debits must equal credits per ledger, period and balancing segment; quantities need not balance.
    fn imbalance(&self, rows: &[GlRow], found: &[Found]) -> Option<Rejection> {
        let mut sums: BTreeMap<(usize, usize, &str), i128> = BTreeMap::new();
        for one in found.iter().filter(|f| rows[f.row].currency != "STAT") {
            let company = self.setup.chart.company_of(one.combination);
            let [debit, credit] = one.accounted.map(|a| i128::from(a.unwrap_or(0)));
            *sums.entry((one.ledger, one.period, company)).or_default() += debit - credit;
        }
        let ((ledger, _, company), sum) = sums.into_iter().find(|(_, sum)| *sum != 0)?;
        let ledger = &self.setup.ledgers[ledger];
        let amount = full(sum, ledger.decimals);
        Some((
            "EU02",
            format!(
                "THIS JOURNAL ENTRY IS UNBALANCED BY {amount} {} FOR {} AND SUSPENSE POSTING IS NOT ALLOWED",
                ledger.currency, company
            ),
        ))
    }

    fn make_batches(
        &mut self,
        due: i64,
        request: i64,
        group: &str,
        rows: &[GlRow],
        found: &[Found],
        flexfields: bool,
    ) -> usize {
        let mut periods: BTreeMap<usize, Vec<&Found>> = BTreeMap::new();
        for one in found {
            periods.entry(one.period).or_default().push(one);
        }
        let count = periods.len();
        for (period, found) in periods {
            let first = &rows[found[0].row];
            let name = self.batch_name(first, request, group);
            let headers = self.make_headers(rows, &found, flexfields);
            let reversal = Reversal {
                flag: ["Y", "YES"].contains(&first.reversal[0].to_uppercase().as_str()),
                period: self.symbols.put(&first.reversal[1]),
                date: None,
                method: self.symbols.put(&first.reversal[2]),
            };
            let batch = Batch {
                name,
                description: first.batch_description.clone(),
                period,
                source: self.symbols.put(&first.source),
                reversal,
                created_ms: due,
                updated_ms: due,
                ..Batch::default()
            };
            let place = self.journals.add(batch, headers);
            if first.source == self.options.journal_source {
                if self.options.process_delay_ms == 0 {
                    self.auto_post(place);
                } else {
                    self.jobs.later(
                        due.saturating_add(self.options.process_delay_ms),
                        Work::PostBatch(place),
                    );
                }
            }
        }
        count
    }

    /// First 50 characters of REFERENCE1, source, request id, balance type, group (fusion.md §9.3 [D2]); a number on collision.
    fn batch_name(&self, row: &GlRow, request: i64, group: &str) -> String {
        let prefix: String = row.batch_name.chars().take(50).collect();
        let name = if prefix.is_empty() {
            format!("{} {} {group} {request}", row.source, row.actual)
        } else {
            format!("{prefix} {} {request} {} {group}", row.source, row.actual)
        };
        let mut unique = name.trim_end().to_owned();
        let base = unique.clone();
        let mut number = 1;
        while self.journals.is_taken(&unique) {
            number += 1;
            unique = format!("{base} {number}");
        }
        unique
    }

    fn make_headers(&mut self, rows: &[GlRow], found: &[&Found], flexfields: bool) -> Vec<Header> {
        let mut order: Vec<JournalKey> = Vec::new();
        let mut journals: BTreeMap<JournalKey, Vec<&Found>> = BTreeMap::new();
        for one in found {
            let row = &rows[one.row];
            let key = (
                one.ledger,
                row.category.clone(),
                row.currency.clone(),
                row.date,
                row.journal_name.clone(),
                row.conversion_type.clone(),
                row.conversion_date,
                one.rate.clone(),
            );
            if !journals.contains_key(&key) {
                order.push(key.clone());
            }
            journals.entry(key).or_default().push(one);
        }
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut headers = Vec::new();
        for key in order {
            let lines = journals.remove(&key).unwrap_or_default();
            let mut header = self.make_header(rows, &lines, flexfields);
            let seen = names.entry(header.name.clone()).or_insert(0);
            *seen += 1;
            if *seen > 1 {
                header.name = format!("{} {seen}", header.name);
            }
            headers.push(header);
        }
        headers
    }

    fn make_header(&mut self, rows: &[GlRow], found: &[&Found], flexfields: bool) -> Header {
        let (one, row) = (found[0], &rows[found[0].row]);
        let suffix = format!("{} {}", row.category, row.currency);
        let name = match (
            row.journal_name.is_empty(),
            self.options.journal_name_suffix,
        ) {
            (true, _) => suffix,
            (false, true) => format!("{} {suffix}", row.journal_name),
            (false, false) => row.journal_name.clone(),
        };
        let lines = found
            .iter()
            .map(|f| self.make_line(&rows[f.row], f, flexfields))
            .collect();
        let foreign = !one.rate.is_empty();
        Header {
            batch: 0,
            name,
            description: row.journal_description.clone(),
            ledger: one.ledger,
            category: self.symbols.put(&row.category),
            currency: self.symbols.put(&row.currency),
            period: one.period,
            date: row.date,
            conversion_type: self.symbols.put(&row.conversion_type),
            conversion_date: row.conversion_date.or(foreign.then_some(row.date)),
            conversion_rate: self.symbols.put(&one.rate),
            external_reference: row.journal_reference.clone(),
            lines,
        }
    }

    fn make_line(&mut self, row: &GlRow, found: &Found, flexfields: bool) -> Line {
        let mut put = |list: &[String]| {
            let mut out = [Symbol::default(); 10];
            for (place, text) in out.iter_mut().zip(list) {
                *place = self.symbols.put(text);
            }
            out
        };
        let (attributes, references) = if flexfields {
            (put(&row.attributes), put(&row.references))
        } else {
            (put(&[]), put(&row.references))
        };
        Line {
            combination: found.combination,
            entered_debit: found.entered[0],
            entered_credit: found.entered[1],
            accounted_debit: found.accounted[0],
            accounted_credit: found.accounted[1],
            stat: found.stat,
            description: self.symbols.put(&row.description),
            reconciliation: self.symbols.put(&row.reconciliation),
            context: if flexfields {
                self.symbols.put(&row.context)
            } else {
                Symbol::default()
            },
            attributes,
            references,
        }
    }
}
