//! Lines of many documents in few calls: `in` lists of parents, paged by record number, counted.
//!
//! Paging by record number does not drift when rows come and go between pages, as paging by offset does (intacct-xml.md §6 trap 6); the
//! count of the first page must be reached exactly, else the chunk is read once more.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use tieout_connector::{Fault, FaultOrigin};
use tieout_model::FaultClass;

use crate::client::{Client, incompatible};
use crate::documents::{self, LineColumns};
use crate::query::{Filter, Query};
use crate::xml::answer::{Row, Table};

/// Which lines.
pub(crate) struct LineQuery<'a> {
    /// The object.
    pub(crate) object: &'a str,
    /// Its field that holds the parent's record number.
    pub(crate) parent_field: &'a str,
    /// The fields.
    pub(crate) fields: &'a [String],
}

/// Lines by parent.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pages: Vec<(Table, LineColumns)>,
    by_parent: BTreeMap<String, Vec<(usize, usize)>>,
}

impl Lines {
    /// The lines of one parent, in the order of the answer.
    pub(crate) fn of(&self, parent: &str) -> Vec<(Row<'_>, &LineColumns)> {
        let places = self.by_parent.get(parent).map_or(&[][..], Vec::as_slice);
        let line = |&(page, row): &(usize, usize)| {
            let (table, columns) = self.pages.get(page)?;
            Some((table.row(row)?, columns))
        };
        places.iter().filter_map(line).collect()
    }

    /// Adds a page.
    pub(crate) fn push(&mut self, table: Table, columns: LineColumns, parent_field: &str) {
        let parent = table.column(parent_field);
        let page = self.pages.len();
        for (index, row) in table.rows().enumerate() {
            let key = row.get(parent);
            match self.by_parent.get_mut(key) {
                Some(places) => places.push((page, index)),
                None => {
                    let places = vec![(page, index)];
                    self.by_parent.insert(key.to_owned(), places);
                }
            }
        }
        self.pages.push((table, columns));
    }
}

/// Reads the lines of `parents`.
///
/// # Errors
/// [`Fault`]; [`FaultClass::Unavailable`] if they keep changing while they are read.
pub(crate) async fn read(
    client: &Client,
    query: &LineQuery<'_>,
    parents: &[&str],
) -> Result<Lines, Fault> {
    let mut lines = Lines::default();
    let size = client.config.bounds.key_list_max.max(1);
    let chunks: Vec<_> = parents
        .chunks(size)
        .map(|chunk| chunk_read(client, query, chunk))
        .collect();
    // One more than may be in flight: it is asked for while an answer is read.
    let at_a_time = client.config.bounds.in_flight_max.max(1) + 1;
    let mut chunks = stream::iter(chunks).buffered(at_a_time);
    while let Some(pages) = chunks.next().await {
        for table in pages? {
            let columns = LineColumns::of(&table, &client.config, query.object);
            lines.push(table, columns, query.parent_field);
        }
    }
    Ok(lines)
}

/// All pages of one chunk, read again once if they changed meanwhile.
async fn chunk_read(
    client: &Client,
    query: &LineQuery<'_>,
    chunk: &[&str],
) -> Result<Vec<Table>, Fault> {
    for _ in 0..2 {
        if let Some(pages) = chunk_pages(client, query, chunk).await? {
            return Ok(pages);
        }
    }
    let attempted = format!("query {}", query.object);
    let detail = "the lines changed twice while they were read";
    let class = FaultClass::Unavailable;
    Err(Fault::new(
        class,
        FaultOrigin::Application,
        attempted,
        detail,
    ))
}

/// All pages of one chunk, or `None` if their number of rows is not what the first page announced.
async fn chunk_pages(
    client: &Client,
    lines: &LineQuery<'_>,
    parents: &[&str],
) -> Result<Option<Vec<Table>>, Fault> {
    let mut pages: Vec<Table> = Vec::new();
    let mut after: Option<i64> = None;
    let mut announced = None;
    let mut received: u64 = 0;
    loop {
        let mut filters = vec![Filter::within(lines.parent_field, parents.iter().copied())];
        if let Some(record) = after {
            filters.push(Filter::above("RECORDNO", record.to_string()));
        }
        let query = Query {
            object: lines.object,
            fields: lines.fields,
            filter: Filter::And(filters),
            order: &["RECORDNO"],
            page_size: client.config.bounds.page_size,
            offset: 0,
            shows_private: client.config.shows_private,
        };
        let table = client.query(&query).await?;
        announced = announced.or(table.total);
        received = received.saturating_add(table.count.unwrap_or(0));
        let is_last = table.remaining == Some(0) || table.len() == 0;
        after = Some(last_record(&table, lines.object, after)?);
        pages.push(table);
        if is_last {
            return Ok((announced == Some(received)).then_some(pages));
        }
    }
}

/// The last record number of a page whose record numbers rise strictly from `after` on.
///
/// # Errors
/// [`FaultClass::Incompatible`] if they don't.
pub(crate) fn last_record(table: &Table, object: &str, after: Option<i64>) -> Result<i64, Fault> {
    let column = table.column("RECORDNO");
    let mut last = after.unwrap_or(i64::MIN);
    for row in table.rows() {
        let text = row.get(column);
        match documents::integer(text) {
            Some(record) if record > last => last = record,
            _ => {
                let detail =
                    format!("record number {text:?} follows {last}: not in the order asked for");
                return Err(incompatible(&format!("query {object}"), detail));
            }
        }
    }
    Ok(last)
}
