//! Sends invoices one by one, several at a time, and looks them up by number and stamp.
//!
//! The call itself makes the invoice, in one transaction; so a refusal refuses one document only. A number that exists already is ours if
//! it bears our stamp (an answer was lost earlier), and somebody else's otherwise (fusion.md §4, §1.9 AP-810776).

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, stream};
use tieout_connector::{Batch, BatchItem, BatchOutcome, Fault, Found, ItemOutcome};
use tieout_model::{Acknowledgement, Document, FaultClass, InvoiceDraft, JobRef, Rejection};

use crate::client::{Row, Written, not_understood};
use crate::config::InvoiceLookup;
use crate::documents::refusal::{refused, unsendable, with_combinations};
use crate::documents::supplier_invoice::{InvoiceRow, JOB, LINES, encode, read_invoice};
use crate::system::Fusion;
use crate::wire::attribute::text;
use crate::wire::error_body::ErrorBody;
use crate::wire::members::Members;
use crate::wire::query::{Query, any_equal, runs_of};

const READ: &str = "GET invoices";

impl Fusion {
    /// See [`tieout_connector::Target::post`].
    pub(crate) async fn post_invoices(&self, batch: &Batch) -> BatchOutcome {
        let in_flight_max = self.client.config.in_flight_max.max(1);
        let mut waiting = batch.items.iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut outcomes: Vec<Option<ItemOutcome>> = Vec::new();
        outcomes.resize_with(batch.items.len(), || None);
        loop {
            // Whoever is answered first makes room for the next: a slow one holds up nobody.
            while under_way.len() < in_flight_max
                && let Some((at, item)) = waiting.next()
            {
                under_way.push(async move { (at, self.post_invoice(item).await) });
            }
            let Some((at, outcome)) = under_way.next().await else {
                break;
            };
            if let Some(place) = outcomes.get_mut(at) {
                *place = Some(outcome);
            }
        }
        let items = batch.items.iter().zip(outcomes);
        BatchOutcome {
            items: items
                .filter_map(|(item, outcome)| Some((item.id, outcome?)))
                .collect(),
        }
    }

    /// See [`tieout_connector::Target::poll`]. An invoice that was made but is not shown yet is pending: it is never sent again.
    pub(crate) async fn poll_invoices(&self, batch: &Batch) -> Result<BatchOutcome, Fault> {
        let found = self.find_invoices(batch).await?;
        let outcome = |found: Found| {
            let outcome = ItemOutcome::of_rows(found.rows);
            (found.id, outcome.unwrap_or(ItemOutcome::Pending))
        };
        Ok(BatchOutcome {
            items: found.into_iter().map(outcome).collect(),
        })
    }

    /// See [`tieout_connector::Target::find`].
    pub(crate) async fn find_invoices(&self, batch: &Batch) -> Result<Vec<Found>, Fault> {
        let config = &self.client.config;
        let term = |item: &BatchItem| match &config.invoice_lookup {
            InvoiceLookup::Number => {
                number_of(item).map_or_else(String::new, |n| any_equal("InvoiceNumber", [n]))
            }
            InvoiceLookup::Stamp(attribute) => any_equal(attribute, [item.marks.stamp.as_str()]),
        };
        let runs = runs_of(
            &batch.items,
            config.invoices_per_query,
            config.filter_len_max,
            term,
        );
        let readings: Vec<_> = runs
            .into_iter()
            .map(|items| self.find_some_invoices(items))
            .collect();
        let mut readings = stream::iter(readings).buffered(self.client.config.in_flight_max.max(1));
        let mut found = Vec::with_capacity(batch.items.len());
        while let Some(some) = readings.next().await {
            found.extend(some?);
        }
        Ok(found)
    }

    async fn post_invoice(&self, item: &BatchItem) -> ItemOutcome {
        let Document::SupplierInvoice(invoice) = &item.document else {
            return ItemOutcome::Rejected(not_an_invoice());
        };
        let body = match encode(&self.client.config, item, invoice) {
            Ok(body) => body,
            Err(rejection) => return ItemOutcome::Rejected(rejection),
        };
        let path = self.client.resource("invoices");
        match self.client.write("POST invoices", &path, &body).await {
            Ok(Written::Done(_)) => ItemOutcome::Accepted(JobRef(JOB.to_owned())),
            Ok(Written::Refused(words)) if self.is_duplicate(&words) => {
                self.resolve_duplicate(item, invoice.draft(), words).await
            }
            Ok(Written::Refused(words)) => {
                let rejection = with_values(refused(words), &body);
                let delimiter = &self.client.config.delimiter;
                ItemOutcome::Rejected(with_combinations(rejection, &item.document, delimiter))
            }
            Err(fault) if fault.class == FaultClass::Indeterminate => ItemOutcome::Unknown(fault),
            Err(fault) => ItemOutcome::NotDone(fault),
        }
    }

    fn is_duplicate(&self, words: &ErrorBody) -> bool {
        let code = &self.client.config.duplicate_code;
        words.code == *code || words.message.contains(code.as_str())
    }

    async fn resolve_duplicate(
        &self,
        item: &BatchItem,
        draft: &InvoiceDraft,
        words: ErrorBody,
    ) -> ItemOutcome {
        let filter = any_equal("InvoiceNumber", [draft.number.as_str()]);
        let rows = match self.invoice_rows(&filter, false).await {
            Ok(rows) => rows,
            // Whether the one that exists is ours is open, so it must be looked up again.
            Err(fault) => return ItemOutcome::Unknown(fault),
        };
        let config = &self.client.config;
        let stamp_of = |row: &Row| {
            let segments = crate::client::children(&row.value, &config.flexfields.invoice).first();
            segments
                .map(|s| text(s, &config.flexfields.stamp))
                .unwrap_or_default()
        };
        if rows
            .iter()
            .any(|row| stamp_of(row) == item.marks.stamp.as_str())
        {
            return ItemOutcome::Accepted(JobRef(JOB.to_owned()));
        }
        let culprit = rows
            .iter()
            .find(|row| text(&row.value, "SupplierNumber") == draft.supplier.as_str())
            .or_else(|| rows.first());
        let who = culprit.map_or_else(
            || "an invoice this user can't see".to_owned(),
            |row| {
                let origin = match stamp_of(row) {
                    stamp if stamp.is_empty() => "entered there".to_owned(),
                    stamp => format!("stamped {stamp}"),
                };
                format!("InvoiceId {} ({origin})", text(&row.value, "InvoiceId"))
            },
        );
        let mut rejection = refused(words);
        let (source, number) = (&item.number, &draft.number);
        rejection.message = format!(
            "{}\nnumber {number} of source document {source} is taken by {who}",
            rejection.message
        );
        "give the source document another number, or cancel the invoice in Fusion that has it, then retry"
            .clone_into(&mut rejection.remedy);
        ItemOutcome::Rejected(rejection)
    }

    async fn find_some_invoices(&self, items: &[BatchItem]) -> Result<Vec<Found>, Fault> {
        let filter = match &self.client.config.invoice_lookup {
            InvoiceLookup::Number => any_equal("InvoiceNumber", items.iter().filter_map(number_of)),
            InvoiceLookup::Stamp(attribute) => any_equal(
                attribute,
                items.iter().map(|item| item.marks.stamp.as_str()),
            ),
        };
        let rows = if filter.is_empty() {
            Vec::new()
        } else {
            self.invoice_rows(&filter, true).await?
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let mut mine = Vec::new();
            for row in &rows {
                if self.bears_stamp(row, item) {
                    mine.push(self.acknowledge_invoice(item, row).await?);
                }
            }
            found.push(Found {
                id: item.id,
                rows: mine,
            });
        }
        Ok(found)
    }

    fn bears_stamp(&self, row: &Row, item: &BatchItem) -> bool {
        let config = &self.client.config;
        let segments = crate::client::children(&row.value, &config.flexfields.invoice).first();
        segments.is_some_and(|s| text(s, &config.flexfields.stamp) == item.marks.stamp.as_str())
    }

    /// Rows that fulfil `filter`, their flexfields complete, their lines too if asked for.
    pub(crate) async fn invoice_rows(
        &self,
        filter: &str,
        has_lines: bool,
    ) -> Result<Vec<Row>, Fault> {
        let path = self.client.resource("invoices");
        let query = self.invoice_query(filter, has_lines);
        let mut rows = self.client.all(READ, &path, &query).await?;
        self.complete_invoices(&mut rows, has_lines).await?;
        Ok(rows)
    }

    /// `expand`, never with `fields`: fields would win and drop the lines (fusion.md §1.4).
    pub(crate) fn invoice_query(&self, filter: &str, has_lines: bool) -> Query {
        let flexfield = &self.client.config.flexfields.invoice;
        let expand = if has_lines {
            format!("{flexfield},{}", LINES.join("."))
        } else {
            flexfield.clone()
        };
        Query::default()
            .with("q", filter)
            .with("expand", &expand)
            .with("orderBy", "InvoiceId")
    }

    /// Completes flexfields, and lines if asked for, of all `rows`.
    pub(crate) async fn complete_invoices(
        &self,
        rows: &mut [Row],
        has_lines: bool,
    ) -> Result<(), Fault> {
        let flexfield = self.client.config.flexfields.invoice.as_str();
        self.client.complete_all(READ, rows, &[flexfield]).await?;
        if has_lines {
            self.client.complete_all(READ, rows, &LINES).await?;
        }
        Ok(())
    }

    async fn acknowledge_invoice(
        &self,
        item: &BatchItem,
        row: &Row,
    ) -> Result<Acknowledgement, Fault> {
        let attempted = || format!("reading invoice {} back", text(&row.value, "InvoiceId"));
        let Document::SupplierInvoice(invoice) = &item.document else {
            return Err(not_understood(attempted(), "the item is no invoice"));
        };
        let Some(placement) = &invoice.draft().placement else {
            return Err(not_understood(attempted(), "the item has no placement"));
        };
        let config = &self.client.config;
        let read = read_invoice(config, placement.currency, row)
            .map_err(|e| not_understood(attempted(), e))?;
        let period = if read.accounting_date == invoice.draft().accounting_date {
            placement.period.clone()
        } else {
            let moved = self
                .period_of(&placement.ledger, read.accounting_date)
                .await?;
            moved.unwrap_or_else(|| read.accounting_date.to_string())
        };
        let total_debit = read
            .total_debit()
            .map_err(|e| not_understood(attempted(), e))?;
        let InvoiceRow {
            id,
            number,
            accounting_date,
            is_accounted,
            evidence,
            ..
        } = read;
        Ok(Acknowledgement {
            stamp: item.marks.stamp.clone(),
            reference: id,
            number,
            period,
            accounting_date,
            currency: placement.currency,
            total_debit,
            is_accounted,
            read_at: self.client.ambient.clock.now(),
            evidence,
        })
    }
}

/// The refusal with what was sent in the header attributes that it names: Fusion says which value isn't valid, never what it was.
fn with_values(mut rejection: Rejection, sent: &Members<'_>) -> Rejection {
    let is_word = |name: &str| {
        let mut words = rejection
            .message
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| word == name)
    };
    let named: Vec<String> = sent
        .plain()
        .filter(|(name, _)| is_word(name))
        .map(|(name, value)| format!("{name} was {value}"))
        .collect();
    if !named.is_empty() {
        rejection.message = format!("{} ({})", rejection.message, named.join(", "));
    }
    rejection
}

fn number_of(item: &BatchItem) -> Option<&str> {
    match &item.document {
        Document::SupplierInvoice(invoice) => Some(invoice.draft().number.as_str()),
        Document::JournalEntry(_) | Document::Supplier(_) => None,
    }
}

fn not_an_invoice() -> Rejection {
    unsendable(
        "document",
        "it is no supplier invoice",
        "send it in a batch of its own kind",
    )
}
