//! Collection and item GET: conditions, finders, order, pages (fusion.md §1.4).
//!
//! Conditions on indexed attributes (invoice number, id, stamp, accounting day, change and creation time; batch name prefix, id, reference;
//! supplier name, number, id) never scan. The rows of the last conditions are kept until something is written, so that paging through a
//! large result costs one search.

mod index;
mod test;

use super::cell::{at, to};
use super::grammar::{Expression, Operator, parse_example, parse_row_match};
use super::query::finder;
use super::render::{Page, Selection};
use super::schema::{self, Kind, Row};
use super::{Answer, COLLECTION, Call, ITEM};
use crate::fusion::FusionTwin;
use crate::fusion::fault::Fault;

/// Results of recent searches on root resources.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: Vec<(String, u64, Vec<u32>)>,
}

const CACHED: usize = 8;

impl Cache {
    fn take(&mut self, key: &str, writes: u64) -> Option<Vec<u32>> {
        self.entries.retain(|(_, w, _)| *w == writes);
        let place = self.entries.iter().position(|(k, _, _)| k == key)?;
        Some(self.entries.swap_remove(place).2)
    }

    fn keep(&mut self, key: String, writes: u64, rows: Vec<u32>) {
        if self.entries.len() >= CACHED {
            self.entries.remove(0);
        }
        self.entries.push((key, writes, rows));
    }
}

fn wrong(parameter: &str, value: &str, why: &str) -> Fault {
    Fault::bad(
        format!("URL request parameter {parameter} with value {value} is not valid: {why}."),
        "/",
    )
}

/// Finder variables that are not named like an attribute (JournalsFinder's are [R]).
fn variable(kind: Kind, name: &str) -> (&str, Operator) {
    match (kind, name) {
        (Kind::Batch, "AccountingPeriod") => ("DefaultPeriodName", Operator::Equal),
        (Kind::Batch, "Batch" | "JournalBatch") => ("BatchName", Operator::Equal),
        (Kind::Batch, "JournalSource") => ("UserJeSourceName", Operator::Equal),
        (Kind::Rate, "fromCurrency") => ("FromCurrency", Operator::Equal),
        (Kind::Rate, "toCurrency") => ("ToCurrency", Operator::Equal),
        (Kind::Rate, "userConversionType") => ("UserConversionType", Operator::Equal),
        (Kind::Rate, "startDate") => ("ConversionDate", Operator::GreaterEqual),
        (Kind::Rate, "endDate") => ("ConversionDate", Operator::LessEqual),
        (_, other) => (other, Operator::Equal),
    }
}

impl FusionTwin {
    pub(super) fn collection(
        &mut self,
        call: &Call<'_>,
        kind: Kind,
        parent: Option<Row>,
        path: &str,
    ) -> Result<Answer, Fault> {
        let selection = Selection::of(kind, &call.query)?;
        let condition = self.condition(call, kind)?;
        if kind == Kind::Rate && call.query.finder.is_none() {
            return Err(Fault::bad(
                "The resource currencyRates needs the finder CurrencyRatesFinder.",
                "/",
            ));
        }
        let asked = call
            .query
            .limit
            .unwrap_or(self.options.default_page)
            .min(self.options.max_page);
        let trapped = self.options.page_trap_499 && asked == 500;
        let limit = if trapped { 499 } else { asked };
        let (offset, total) = (call.query.offset, call.query.total_results);
        let mut out = String::with_capacity(4096);
        if let Some(parent) = parent {
            let rows = self.select_children(call, kind, parent, condition.as_ref())?;
            let page = Page::cut_rows(&rows, offset, limit, limit, total);
            self.push_envelope(&mut out, call, kind, &page, path, &selection);
            return Ok(Answer::ok(COLLECTION, out));
        }
        let parts = [&call.query.q, &call.query.finder, &call.query.order_by]
            .map(|p| p.as_deref().unwrap_or_default());
        let key = format!(
            "{kind:?}\u{1}{}\u{1}{}",
            call.version.min(2),
            parts.join("\u{1}")
        );
        let rows = match self.cache.take(&key, self.writes) {
            Some(rows) => rows,
            None => self.select_root(call, kind, condition.as_ref())?,
        };
        let page = Page::cut(&rows, offset, limit, limit, total, |p| {
            self.root_row(kind, p)
        });
        self.push_envelope(&mut out, call, kind, &page, path, &selection);
        self.cache.keep(key, self.writes, rows);
        Ok(Answer::ok(COLLECTION, out))
    }

    pub(super) fn item(&self, call: &Call<'_>, row: Row, path: &str) -> Result<Answer, Fault> {
        let selection = Selection::of(row.kind, &call.query)?;
        let mut out = String::with_capacity(2048);
        self.push_item(&mut out, call, row, path, &selection);
        Ok(Answer::ok(ITEM, out))
    }

    /// The body of an item after a write.
    pub(super) fn item_body(
        &self,
        call: &Call<'_>,
        row: Row,
        path: &str,
        expand: &[&str],
    ) -> Result<String, Fault> {
        let selection = Selection::with(row.kind, expand)?;
        let mut out = String::with_capacity(4096);
        self.push_item(&mut out, call, row, path, &selection);
        Ok(out)
    }

    fn condition(&self, call: &Call<'_>, kind: Kind) -> Result<Option<test::Test>, Fault> {
        let mut terms = Vec::new();
        if let Some(q) = call.query.q.as_deref().filter(|q| !q.trim().is_empty()) {
            let parsed = if call.version >= 2 {
                parse_row_match(q)
            } else {
                match parse_example(q) {
                    Err(_) if self.options.lenient_q => parse_row_match(q),
                    other => other,
                }
            };
            terms.push(parsed.map_err(|why| wrong("q", q, &why))?);
        }
        if let Some(text) = &call.query.finder {
            let (name, variables) = finder(text)?;
            if !schema::of(kind).finders.contains(&name.as_str()) {
                return Err(wrong("finder", text, "no such finder"));
            }
            if name == "PrimaryKey" && variables.is_empty() {
                return Err(wrong("finder", text, "its variables are missing"));
            }
            for (name, value) in variables {
                let (attribute, operator) = variable(kind, &name);
                let path = attribute.to_owned();
                terms.push(Expression::Compare {
                    path,
                    upper: false,
                    operator,
                    values: vec![value],
                });
            }
        }
        if terms.is_empty() {
            return Ok(None);
        }
        let compiled = test::compile(kind, &Expression::And(terms));
        // The conditions of both stand in one tree; the message names the one that is there, `q` first.
        let (name, text) = match (&call.query.q, &call.query.finder) {
            (None, Some(finder)) => ("finder", finder.as_str()),
            (q, _) => ("q", q.as_deref().unwrap_or_default()),
        };
        compiled.map(Some).map_err(|why| wrong(name, text, &why))
    }

    fn select_root(
        &self,
        call: &Call<'_>,
        kind: Kind,
        condition: Option<&test::Test>,
    ) -> Result<Vec<u32>, Fault> {
        let candidates = condition.and_then(|c| self.candidates(kind, c));
        let mut rows = match candidates {
            Some(mut rows) => {
                rows.sort_unstable();
                rows.dedup();
                rows.retain(|p| self.is_listed(kind, *p));
                rows
            }
            None => self.all(kind),
        };
        if let Some(condition) = condition {
            rows.retain(|p| self.passes(self.root_row(kind, *p), condition));
        }
        if let Some(order) = &call.query.order_by {
            let order = order_of(kind, order)?;
            rows.sort_by(|a, b| {
                self.compare(self.root_row(kind, *a), self.root_row(kind, *b), &order)
            });
        }
        Ok(rows)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn is_listed(&self, kind: Kind, position: u32) -> bool {
        match kind {
            Kind::Invoice => self.invoices.is_live(position),
            Kind::Batch => !self.journals.batches[at(position)].deleted,
            _ => true,
        }
    }

    fn select_children(
        &self,
        call: &Call<'_>,
        kind: Kind,
        parent: Row,
        condition: Option<&test::Test>,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows = self.children(parent, kind);
        if let Some(condition) = condition {
            rows.retain(|row| self.passes(*row, condition));
        }
        if let Some(order) = &call.query.order_by {
            let order = order_of(kind, order)?;
            rows.sort_by(|a, b| self.compare(*a, *b, &order));
        }
        Ok(rows)
    }

    fn compare(&self, a: Row, b: Row, order: &[(&'static str, bool)]) -> std::cmp::Ordering {
        let by = |(name, down): &(&'static str, bool)| {
            let found = self.cell(a, name).order(&self.cell(b, name));
            if *down { found.reverse() } else { found }
        };
        order
            .iter()
            .map(by)
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    }
}

/// Attributes and directions of `orderBy`.
fn order_of(kind: Kind, text: &str) -> Result<Vec<(&'static str, bool)>, Fault> {
    let mut order = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (name, direction) = part.split_once(':').unwrap_or((part, "asc"));
        let name = name
            .trim()
            .strip_prefix("upper(")
            .and_then(|n| n.strip_suffix(')'))
            .unwrap_or(name.trim());
        let found = schema::of(kind)
            .attribute(name)
            .ok_or_else(|| wrong("orderBy", text, &format!("no attribute {name}")))?;
        let down = match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            other => return Err(wrong("orderBy", text, &format!("no direction {other}"))),
        };
        order.push((found.0, down));
    }
    Ok(order)
}

/// Positions of a list of indexes.
fn positions(list: impl IntoIterator<Item = usize>) -> Vec<u32> {
    list.into_iter().map(to).collect()
}
