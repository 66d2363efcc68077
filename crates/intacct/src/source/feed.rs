//! Pages of headers: which object a kind of document is, which rows of it, and in which order they are read.
//!
//! Rows are read by (stamp, record number): a page goes on right after the last row of the one before, so any number of rows may share a
//! stamp and nothing drifts.

use tieout_connector::{Fault, FaultOrigin, Scope};
use tieout_model::{DocumentKind, FaultClass, PostingKind};

use crate::Intacct;
use crate::civil_time::{self, Second};
use crate::client::incompatible;
use crate::config::IntacctConfig;
use crate::cursor::Stamped;
use crate::documents::{self, journal_entry, supplier_invoice};
use crate::query::{Filter, Query};
use crate::source::Step;
use crate::xml::answer::Table;

/// Where a kind of document lives.
pub(crate) struct Feed {
    pub(crate) kind: DocumentKind,
    pub(crate) object: &'static str,
    pub(crate) line_object: &'static str,
    pub(crate) parent_field: &'static str,
    /// Type in the audit history, in lower case (intacct-xml.md §4.11 [D]).
    pub(crate) audit_type: &'static str,
    pub(crate) stamp_field: String,
    pub(crate) entity_fields: Vec<String>,
    /// True if rows without a stamp are a stream of their own.
    pub(crate) may_be_unstamped: bool,
    /// Which rows.
    pub(crate) rows: Vec<Filter>,
}

/// One page of headers.
pub(crate) struct Headers {
    pub(crate) table: Table,
    /// Stamp and record number of the last row.
    pub(crate) last: Option<(Second, i64)>,
    /// True if there is more of this stream.
    pub(crate) is_full: bool,
}

impl Feed {
    /// Where the documents of a scope live.
    ///
    /// # Errors
    /// [`FaultClass::Incompatible`] for a kind that is not read.
    pub(crate) fn of(scope: &Scope, config: &IntacctConfig) -> Result<Self, Fault> {
        let invoice = |object, line_object, audit_type, states: &[String]| Self {
            kind: scope.kind,
            object,
            line_object,
            parent_field: "RECORDKEY",
            audit_type,
            stamp_field: "WHENMODIFIED".to_owned(),
            entity_fields: vec!["MEGAENTITYID".to_owned()],
            may_be_unstamped: true,
            rows: vec![Filter::within("STATE", states.iter().cloned())],
        };
        match scope.kind {
            DocumentKind::SupplierInvoice => Ok(invoice(
                "APBILL",
                "APBILLITEM",
                "apbill",
                &config.bill_states,
            )),
            DocumentKind::SupplierCredit => Ok(invoice(
                "APADJUSTMENT",
                "APADJUSTMENTITEM",
                "apadjustment",
                &config.credit_states,
            )),
            DocumentKind::JournalEntry => Ok(Self {
                kind: scope.kind,
                object: "GLBATCH",
                line_object: documents::ENTRY_OBJECT,
                parent_field: "BATCHNO",
                audit_type: "glbatch",
                stamp_field: config.journal_stamp_field.clone(),
                entity_fields: config.journal_entity_fields.clone(),
                may_be_unstamped: true,
                rows: journal_rows(scope, config),
            }),
            DocumentKind::Supplier => Err(Fault::new(
                FaultClass::Incompatible,
                FaultOrigin::Transport,
                "reading changes of supplier",
                "this kind of document is not read from Sage Intacct; take the flow out of the configuration",
            )),
        }
    }

    /// The header fields to select.
    pub(crate) async fn header_fields(&self, intacct: &Intacct) -> Result<Vec<String>, Fault> {
        let (mut required, mut optional) = if self.kind == DocumentKind::JournalEntry {
            (
                owned(&journal_entry::REQUIRED),
                owned(&journal_entry::OPTIONAL),
            )
        } else {
            (
                owned(&supplier_invoice::REQUIRED),
                owned(&supplier_invoice::OPTIONAL),
            )
        };
        required.push(self.stamp_field.clone());
        optional.extend(self.entity_fields.iter().cloned());
        let tenant = &intacct.tenant;
        tenant
            .select(&intacct.client, self.object, required, optional)
            .await
    }

    /// The line fields to select.
    pub(crate) async fn line_fields(&self, intacct: &Intacct) -> Result<Vec<String>, Fault> {
        line_fields(intacct, self.line_object, self.parent_field).await
    }
}

/// The fields of lines of `object`: the necessary ones, and every dimension. A standard dimension may be missing in a company; one that
/// was configured by name may not.
pub(crate) async fn line_fields(
    intacct: &Intacct,
    object: &str,
    parent_field: &str,
) -> Result<Vec<String>, Fault> {
    let config = &intacct.client.config;
    let is_entry = object == documents::ENTRY_OBJECT;
    let (mut required, mut optional) = if is_entry {
        (
            owned(&journal_entry::ENTRY_REQUIRED),
            owned(&journal_entry::ENTRY_OPTIONAL),
        )
    } else {
        (
            owned(&supplier_invoice::ITEM_REQUIRED),
            owned(&supplier_invoice::ITEM_OPTIONAL),
        )
    };
    required.push(parent_field.to_owned());
    let standard = IntacctConfig::new(config.system.clone(), "", "").dimensions;
    for (name, field) in &config.dimensions {
        let wire = documents::dimension_field(field, object).to_owned();
        if standard.get(name) == Some(field) {
            optional.push(wire);
        } else {
            required.push(wire);
        }
    }
    optional.extend(config.affiliate_field.clone());
    let tenant = &intacct.tenant;
    tenant
        .select(&intacct.client, object, required, optional)
        .await
}

fn owned(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|&field| field.to_owned()).collect()
}

/// Posted entries, without those of journals whose documents travel natively; the posting of a void stays unless voids are left out too.
fn journal_rows(scope: &Scope, config: &IntacctConfig) -> Vec<Filter> {
    let excluded = &scope.postings_excluded;
    let mut rows = vec![Filter::within(
        "STATE",
        config.journal_states.iter().cloned(),
    )];
    let of_kind = |wanted: &dyn Fn(PostingKind) -> bool| -> Vec<String> {
        let journals = config.journals.iter();
        let chosen = journals.filter(|(_, kind)| wanted(**kind));
        chosen.map(|(symbol, _)| symbol.clone()).collect()
    };
    let left_out = of_kind(&|kind| excluded.contains(&kind));
    if left_out.is_empty() {
        return rows;
    }
    let may_reverse = of_kind(&|kind| {
        let is_native = matches!(
            kind,
            PostingKind::SupplierInvoice | PostingKind::SupplierCredit
        );
        is_native && excluded.contains(&kind)
    });
    let others = Filter::without("JOURNAL", left_out);
    if may_reverse.is_empty() || excluded.contains(&PostingKind::SupplierReversal) {
        rows.push(others);
    } else {
        let voids = Filter::And(vec![
            Filter::within("JOURNAL", may_reverse),
            Filter::present("REVERSEDFROM"),
        ]);
        rows.push(Filter::Or(vec![others, voids]));
    }
    rows
}

impl Step<'_> {
    /// The next page of stamped rows.
    pub(crate) async fn stamped(&self, at: Stamped) -> Result<Headers, Fault> {
        let stamp = self.feed.stamp_field.as_str();
        let window = match at {
            Stamped::Start => vec![Filter::present(stamp)],
            Stamped::Inside { second, record, .. } => vec![self.beyond(second, record)],
            Stamped::CaughtUp { second, .. } => vec![Filter::from(stamp, self.text(second))],
            Stamped::Closed { second } => vec![Filter::above(stamp, self.text(second))],
        };
        self.page(window, &[stamp, "RECORDNO"]).await
    }

    /// The next page of rows that have no stamp.
    pub(crate) async fn unstamped(&self, after: i64) -> Result<Headers, Fault> {
        let window = vec![
            Filter::absent(&self.feed.stamp_field),
            Filter::above("RECORDNO", after.to_string()),
        ];
        self.page(window, &["RECORDNO"]).await
    }

    /// The next page of stamped rows after `after` and up to `until`.
    pub(crate) async fn window(
        &self,
        after: Option<(Second, i64)>,
        until: Second,
    ) -> Result<Headers, Fault> {
        let stamp = self.feed.stamp_field.as_str();
        let (second, record) = after.unwrap_or_default();
        let window = vec![
            self.beyond(second, record),
            Filter::until(stamp, self.text(until)),
        ];
        self.page(window, &[stamp, "RECORDNO"]).await
    }

    /// Rows after record `record` of `second`.
    fn beyond(&self, second: Second, record: i64) -> Filter {
        let stamp = self.feed.stamp_field.as_str();
        let text = self.text(second);
        Filter::Or(vec![
            Filter::above(stamp, text.clone()),
            Filter::And(vec![
                Filter::equal(stamp, text),
                Filter::above("RECORDNO", record.to_string()),
            ]),
        ])
    }

    pub(crate) fn text(&self, second: Second) -> String {
        civil_time::second_text(second, self.zone)
    }

    /// The next page of rows after record `after`, in the order of record numbers, whatever their stamps.
    pub(crate) async fn by_record(&self, after: i64) -> Result<Headers, Fault> {
        let window = vec![Filter::above("RECORDNO", after.to_string())];
        self.page(window, &["RECORDNO"]).await
    }

    async fn page(&self, window: Vec<Filter>, order: &[&str]) -> Result<Headers, Fault> {
        let client = &self.intacct.client;
        let fields = self.feed.header_fields(self.intacct).await?;
        let mut filters = self.feed.rows.clone();
        filters.extend(window);
        let query = Query {
            object: self.feed.object,
            fields: &fields,
            filter: Filter::And(filters),
            order,
            page_size: self.page_size,
            offset: 0,
            shows_private: client.config.shows_private,
        };
        let table = client.query(&query).await?;
        let is_full = table.remaining.unwrap_or(0) > 0 && table.len() > 0;
        let last = self.last(&table, order.len() > 1)?;
        Ok(Headers {
            table,
            last,
            is_full,
        })
    }

    /// Stamp and record number of the last row; refuses a page that is not in the order asked for, since rows would be lost.
    fn last(&self, table: &Table, is_stamped: bool) -> Result<Option<(Second, i64)>, Fault> {
        let attempted = format!("query {}", self.feed.object);
        let (stamp, record) = (
            table.column(&self.feed.stamp_field),
            table.column("RECORDNO"),
        );
        let mut last: Option<(Second, i64)> = None;
        for row in table.rows() {
            let (stamp, record) = (row.get(stamp), row.get(record));
            let second = match is_stamped {
                true => civil_time::second(stamp, self.zone),
                false => Some(0),
            };
            let place = second.zip(documents::integer(record)).ok_or_else(|| {
                let detail =
                    format!("record {record:?} has the stamp {stamp:?}, which can't be read");
                incompatible(&attempted, detail)
            })?;
            if last.is_some_and(|last| place <= last) {
                let detail = format!("record {record} ({stamp}) is not in the order asked for");
                return Err(incompatible(&attempted, detail));
            }
            last = Some(place);
        }
        Ok(last)
    }
}
