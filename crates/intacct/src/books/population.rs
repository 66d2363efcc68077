//! Every posting of an entity in a period, whoever entered it, from any journal.

use tieout_connector::{BalanceKey, Cursor, Fault, Member, MemberLine, PopulationPage, SnapshotAt};
use tieout_model::{
    Amount, Code, Currency, DocumentKind, EntityId, ExchangeRate, PostingKind, Stamp,
};

use crate::Intacct;
use crate::civil_time;
use crate::client::incompatible;
use crate::documents::journal_entry::{self, HeaderColumns};
use crate::documents::{ENTRY_OBJECT, LineColumns, Reading, integer, is_yes};
use crate::lines::{self, LineQuery};
use crate::query::{Filter, Query};
use crate::source::line_fields;
use crate::xml::answer::Row;

const OBJECT: &str = "GLBATCH";

/// One page: up to a key list of postings with their lines.
pub(super) async fn page(
    intacct: &Intacct,
    entity: &EntityId,
    at: &SnapshotAt,
    after: Option<&Cursor>,
) -> Result<PopulationPage, Fault> {
    let (client, config) = (&intacct.client, &intacct.client.config);
    let after = after.map(record_of).transpose()?;
    let fields = header_fields(intacct).await?;
    let size = u32::try_from(config.bounds.key_list_max).unwrap_or(u32::MAX);
    let query = Query {
        object: OBJECT,
        fields: &fields,
        filter: filter(intacct, entity, at, after.unwrap_or(0), &fields),
        order: &["RECORDNO"],
        page_size: config.bounds.page_size.min(size.max(1)),
        offset: 0,
        shows_private: config.shows_private,
    };
    let table = client.query(&query).await?;
    let last = lines::last_record(&table, OBJECT, after)?;
    let is_last = table.remaining == Some(0) || table.len() == 0;
    let entities = intacct.tenant.entities(client).await?;
    let reading = Reading {
        config,
        entities: &entities,
        zone: civil_time::Zone::default(),
    };
    let columns = HeaderColumns::of(&table, config);
    let adjusting = at.period.is_adjusting;
    let rows: Vec<Row<'_>> = table
        .rows()
        .filter(|row| columns.entity(&reading, *row).as_ref() == Some(entity))
        .filter(|row| is_yes(row.get(columns.adjusting)) == adjusting)
        .collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.get(columns.record)).collect();
    let line_fields = line_fields(intacct, ENTRY_OBJECT, "BATCHNO").await?;
    let line_query = LineQuery {
        object: ENTRY_OBJECT,
        parent_field: "BATCHNO",
        fields: &line_fields,
    };
    let lines = lines::read(client, &line_query, &keys).await?;
    let currency = intacct.functional(entity).await?;
    let members = rows.iter().map(|row| {
        let lines = lines.of(row.get(columns.record));
        member(&reading, &columns, *row, &lines, currency, at)
    });
    Ok(PopulationPage {
        members: members.collect::<Result<_, Fault>>()?,
        next: (!is_last).then(|| Cursor(format!("p1|{last}"))),
    })
}

fn record_of(cursor: &Cursor) -> Result<i64, Fault> {
    let record = cursor
        .0
        .strip_prefix("p1|")
        .and_then(|text| text.parse().ok());
    record.ok_or_else(|| {
        let detail = format!("the cursor {:?} was not written by this version", cursor.0);
        incompatible("reading the population", detail)
    })
}

async fn header_fields(intacct: &Intacct) -> Result<Vec<String>, Fault> {
    let config = &intacct.client.config;
    let owned = |fields: &[&str]| fields.iter().map(|&f| f.to_owned()).collect::<Vec<_>>();
    let mut optional = owned(&journal_entry::OPTIONAL);
    optional.extend(config.journal_entity_fields.iter().cloned());
    optional.extend(config.journal_entity_filters.iter().cloned());
    let required = owned(&journal_entry::REQUIRED);
    let tenant = &intacct.tenant;
    tenant
        .select(&intacct.client, OBJECT, required, optional)
        .await
}

fn filter(
    intacct: &Intacct,
    entity: &EntityId,
    at: &SnapshotAt,
    after: i64,
    fields: &[String],
) -> Filter {
    let config = &intacct.client.config;
    let mut all = vec![
        Filter::within("STATE", config.journal_states.iter().cloned()),
        Filter::from("BATCH_DATE", civil_time::date_text(at.period.start)),
        Filter::until("BATCH_DATE", civil_time::date_text(at.period.end)),
        Filter::above("RECORDNO", after.to_string()),
    ];
    let searchable = config.journal_entity_filters.iter();
    let of_entity: Vec<Filter> = searchable
        .filter(|field| fields.contains(field))
        .map(|field| Filter::equal(field, entity.as_str()))
        .collect();
    if !of_entity.is_empty() {
        all.push(Filter::Or(of_entity));
    }
    Filter::And(all)
}

fn member(
    reading: &Reading<'_>,
    columns: &HeaderColumns,
    header: Row<'_>,
    lines: &[(Row<'_>, &LineColumns)],
    currency: Currency,
    at: &SnapshotAt,
) -> Result<Member, Fault> {
    let key = header.get(columns.record);
    let wrong =
        |what: String| incompatible("reading the population", format!("GLBATCH/{key}: {what}"));
    let journal = header.get(columns.journal);
    let is_reversing = !header.get(columns.reversed_from).is_empty();
    let kind = match journal_entry::posting_kind(reading.config, journal, is_reversing) {
        Some(PostingKind::SupplierInvoice) => DocumentKind::SupplierInvoice,
        Some(PostingKind::SupplierCredit) => DocumentKind::SupplierCredit,
        Some(PostingKind::Journal | PostingKind::SupplierReversal | PostingKind::Other) | None => {
            DocumentKind::JournalEntry
        }
    };
    let read: Vec<MemberLine> = lines
        .iter()
        .map(|(row, columns)| member_line(*row, columns, currency))
        .collect::<Result<_, String>>()
        .map_err(&wrong)?;
    let date_text = header.get(columns.date);
    let accounting_date = civil_time::date(date_text)
        .ok_or_else(|| wrong(format!("BATCH_DATE is {date_text:?}, which is no date")))?;
    let document_currency = one_currency(&read).unwrap_or(currency);
    let rate = (document_currency != currency && !document_currency.is_statistical())
        .then(|| lines.iter().find_map(|(row, columns)| columns.rate(*row)))
        .flatten();
    let reference = header.get(columns.reference);
    let title = header.get(columns.title);
    Ok(Member {
        kind,
        reference: format!("GLBATCH/{key}"),
        number: match reference {
            "" => format!("{journal}/{key}"),
            reference => reference.to_owned(),
        },
        stamp: stamp(reference).or_else(|| stamp(title)),
        party: lines
            .iter()
            .map(|(row, columns)| columns.dimension(*row, "vendor"))
            .find(|party| !party.is_empty())
            .unwrap_or_default()
            .to_owned(),
        source: journal.to_owned(),
        accounting_date,
        period: at.period.name.clone(),
        currency: document_currency,
        rate,
        is_accounted: true,
        lines: read,
    })
}

fn member_line(
    row: Row<'_>,
    columns: &LineColumns,
    functional_currency: Currency,
) -> Result<MemberLine, String> {
    let amounts = journal_entry::amounts(row, columns, functional_currency);
    let (currency, amount, functional): (Currency, Amount, Amount) =
        amounts.map_err(|flaw| flaw.0)?;
    let account = columns.account(row);
    if integer(columns.line_text(row)).is_none() || account.is_empty() {
        return Err(format!(
            "a line {:?} is on account {account:?}",
            columns.line_text(row)
        ));
    }
    Ok(MemberLine {
        key: BalanceKey::Account(Code::new(account)),
        currency,
        amount,
        functional,
    })
}

/// The currency of the lines, if it is one.
fn one_currency(lines: &[MemberLine]) -> Option<Currency> {
    let first = lines.first()?.currency;
    lines
        .iter()
        .all(|line| line.currency == first)
        .then_some(first)
}

/// Our stamp in a text, alone or before a space.
fn stamp(text: &str) -> Option<Stamp> {
    Stamp::read(text.split_whitespace().next()?)
}

impl LineColumns {
    fn rate(&self, row: Row<'_>) -> Option<ExchangeRate> {
        row.get(self.rate).parse().ok()
    }

    fn account<'a>(&self, row: Row<'a>) -> &'a str {
        row.get(self.account)
    }

    fn line_text<'a>(&self, row: Row<'a>) -> &'a str {
        row.get(self.line_no)
    }

    fn dimension<'a>(&self, row: Row<'a>, name: &str) -> &'a str {
        let mut dimensions = self.dimensions.iter();
        let found = dimensions.find(|(known, _)| known == name);
        found.map_or("", |(_, column)| row.get(*column))
    }
}
