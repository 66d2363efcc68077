//! Rows as they are: every row of an object with the fields asked for, in the order of their record numbers.
//!
//! For whoever looks at a company's records, not at documents. Pages are asked for by offset, each while the one before is read. Rows that
//! come or go meanwhile would move the others, so a reading during which the total changes or record numbers do not rise is refused.

use futures_util::{StreamExt as _, stream};
use tieout_connector::{Fault, FaultOrigin};
use tieout_model::FaultClass;

use crate::Intacct;
use crate::lines::last_record;
use crate::query::{Filter, Query};
use crate::xml::answer::{Column, Row, Table};

const RECORD: &str = "RECORDNO";

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct PlainRow<'a> {
    row: Row<'a>,
    columns: &'a [Column],
}

impl<'a> PlainRow<'a> {
    /// The value of the field at that place among those asked for, as the gateway wrote it; empty if the row has none.
    pub fn value(&self, place: usize) -> &'a str {
        let column = self.columns.get(place).copied().unwrap_or_default();
        self.row.get(column)
    }
}

impl Intacct {
    /// Gives every row of `object` to `each`, and says how many there were. `fields` must hold `RECORDNO`.
    ///
    /// # Errors
    /// [`Fault`]; then what was given to `each` is not all. [`FaultClass::Unavailable`] if rows came or went meanwhile.
    pub async fn rows(
        &self,
        object: &str,
        fields: &[&str],
        each: &mut (dyn FnMut(PlainRow<'_>) + Send),
    ) -> Result<u64, Fault> {
        let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
        let bounds = &self.client.config.bounds;
        let size = u64::from(bounds.page_size.max(1));
        let first = self.rows_from(object, &fields, 0).await?;
        let total = first.total.unwrap_or(0);
        let step = usize::try_from(size).unwrap_or(usize::MAX);
        let later = (size..total).step_by(step);
        let later = later.map(|offset| self.rows_from(object, &fields, offset));
        // One more than may be in flight: it is asked for while an answer is read.
        let at_a_time = bounds.in_flight_max.max(1) + 1;
        let mut pages = stream::iter(later).buffered(at_a_time);
        let (mut count, mut last) = (0, None);
        let mut next = Some(first);
        while let Some(page) = next {
            // An empty page before the end would be followed by as many as the gateway cares to announce.
            let is_empty = page.len() == 0 && count < total;
            if page.total.unwrap_or(0) != total || is_empty {
                return Err(changed(object));
            }
            last = Some(last_record(&page, object, last)?);
            count += take(&page, &fields, each);
            next = pages.next().await.transpose()?;
        }
        if count == total {
            Ok(count)
        } else {
            Err(changed(object))
        }
    }

    async fn rows_from(
        &self,
        object: &str,
        fields: &[String],
        offset: u64,
    ) -> Result<Table, Fault> {
        let query = Query {
            object,
            fields,
            filter: Filter::And(Vec::new()),
            order: &[RECORD],
            page_size: self.client.config.bounds.page_size,
            offset,
            shows_private: self.client.config.shows_private,
        };
        self.client.query(&query).await
    }
}

/// Gives the rows of a page away; says how many.
fn take(page: &Table, fields: &[String], each: &mut (dyn FnMut(PlainRow<'_>) + Send)) -> u64 {
    let columns: Vec<Column> = fields.iter().map(|field| page.column(field)).collect();
    for row in page.rows() {
        each(PlainRow {
            row,
            columns: &columns,
        });
    }
    u64::try_from(page.len()).unwrap_or(u64::MAX)
}

fn changed(object: &str) -> Fault {
    let class = FaultClass::Unavailable;
    let detail = "rows came or went while they were read; read them again";
    Fault::new(
        class,
        FaultOrigin::Application,
        format!("query {object}"),
        detail,
    )
}
