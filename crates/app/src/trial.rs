//! Feeds documents to a trial of a version: those recorded in the store, or those of a company folder.

use std::collections::{BTreeMap, HashMap};

use anyhow::anyhow;
use tieout_engine::crosswalk::Reference;
use tieout_engine::crosswalk::trial::{Simulation, TrialDocument};
use tieout_engine::{DeliveryRole, DeliveryState};
use tieout_model::{
    AccountingDate, Amount, Calendar, Code, Coding, Currency, Dimensional, Document, DocumentKind,
    EntityId, Envelope, LineFact, Period, canonical,
};
use tieout_store::{RecordedDocument, Store};
use tieout_twins::company::{CompanyFolder, Row};

use crate::problem::{Failure, Problem};
use crate::systems::unreadable;

/// Which documents.
#[derive(Debug, Clone)]
pub(crate) enum Span {
    /// Those of one period, its adjusting documents apart.
    Period(Box<Period>),
    /// Those of a fiscal year, adjusting ones included.
    Year(String, AccountingDate, AccountingDate),
    /// Those dated before a day.
    Before(AccountingDate),
    /// Those dated from a day to another, inclusive; without end if that is absent.
    Window(AccountingDate, Option<AccountingDate>),
    /// All.
    All,
}

impl Span {
    /// The span of a word: a period by its name on either side, `FY2026`, or `all`.
    pub(crate) fn of(word: &str, calendar: &Calendar) -> Result<Self, Problem> {
        if word == "all" {
            return Ok(Self::All);
        }
        if let Some(period) = calendar.named(word) {
            return Ok(Self::Period(Box::new(period.clone())));
        }
        let year = word
            .strip_prefix("FY")
            .and_then(|year| year.parse::<i32>().ok());
        let periods: Vec<&Period> = calendar
            .periods()
            .iter()
            .filter(|period| Some(period.fiscal_year) == year)
            .collect();
        let first = periods.iter().map(|period| period.start).min();
        let last = periods.iter().map(|period| period.end).max();
        if let (Some(first), Some(last)) = (first, last) {
            return Ok(Self::Year(word.to_owned(), first, last));
        }
        let names: Vec<&str> = calendar.periods().iter().map(|p| p.name.as_str()).collect();
        let shown: Vec<&str> = names.iter().rev().take(24).rev().copied().collect();
        Err(
            Problem::new("P0016", format!("no period is called {word:?}")).hint(format!(
                "one of {}, FY2026 for a fiscal year, or all",
                shown.join(", ")
            )),
        )
    }

    /// True if a document of that date belongs to it.
    pub(crate) fn holds(&self, date: AccountingDate, is_adjusting: bool) -> bool {
        match self {
            Self::Period(period) => {
                period.is_adjusting == is_adjusting && period.start <= date && date <= period.end
            }
            Self::Year(_, first, last) => *first <= date && date <= *last,
            Self::Before(day) => date < *day,
            Self::Window(first, last) => *first <= date && last.is_none_or(|last| date <= last),
            Self::All => true,
        }
    }

    /// Its name for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Period(period) => period.name.clone(),
            Self::Year(name, _, _) => name.clone(),
            Self::Before(day) => format!("before {day}"),
            Self::Window(first, _) => format!("since {first}"),
            Self::All => "all".into(),
        }
    }
}

/// What is done with each document.
pub(crate) type Take<'t> = dyn FnMut(&TrialDocument<'_>) -> anyhow::Result<()> + Send + 't;

/// Takes the recorded documents of the store in, entity by entity. What was not sent yet counts as coded by the version in force.
pub(crate) async fn of_store(
    store: &Store,
    reference: &Reference,
    simulation: &mut Simulation<'_>,
    span: &Span,
    entity: Option<&str>,
) -> Result<(), Failure> {
    let mut take = |document: &TrialDocument<'_>| Ok(simulation.add(document)?);
    each_of_store(store, reference, (span, entity), |_| true, &mut take).await
}

/// The same for what stands in the target's books, as far as the target has confirmed it.
pub(crate) async fn of_posted(
    store: &Store,
    reference: &Reference,
    simulation: &mut Simulation<'_>,
    span: &Span,
) -> Result<(), Failure> {
    let is_posted = |row: &RecordedDocument| {
        let last = row.deliveries.last().map(|stored| &stored.delivery);
        last.is_some_and(|last| {
            last.role == DeliveryRole::Posting && matches!(last.state, DeliveryState::Posted(_))
        })
    };
    let mut take = |document: &TrialDocument<'_>| Ok(simulation.add(document)?);
    each_of_store(store, reference, (span, None), is_posted, &mut take).await
}

/// Hands every recorded document that has lines to `take`.
pub(crate) async fn each_of_store(
    store: &Store,
    reference: &Reference,
    (span, entity): (&Span, Option<&str>),
    is_wanted: fn(&RecordedDocument) -> bool,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    let mut failure = None;
    for id in reference
        .entities
        .keys()
        .filter(|id| entity.is_none_or(|wanted| wanted == *id))
    {
        let mut each = |row: RecordedDocument| {
            if failure.is_none()
                && is_wanted(&row)
                && let Err(error) = take_recorded(take, span, &row)
            {
                failure = Some(format!("{}: {error:#}", row.envelope.number));
            }
        };
        let read = store.recorded_of(&EntityId::new(id), &mut each).await;
        read.map_err(|e| unreadable(&e))?;
    }
    match failure {
        Some(what) => Err(Failure::Unreachable(Problem::new("P0304", what))),
        None => Ok(()),
    }
}

fn take_recorded(take: &mut Take<'_>, span: &Span, row: &RecordedDocument) -> anyhow::Result<()> {
    if row.is_deleted {
        return Ok(());
    }
    let posting = row
        .deliveries
        .iter()
        .rfind(|d| d.delivery.role == DeliveryRole::Posting);
    let sent = posting
        .map(|d| canonical::decode_document(&d.payload))
        .transpose()?;
    take_envelope(take, span, &row.envelope, sent.as_ref())
}

/// Hands a captured document to `take` if it is dated within the span and has lines in the coding of the source.
pub(crate) fn take_envelope(
    take: &mut Take<'_>,
    span: &Span,
    envelope: &Envelope,
    sent: Option<&Document>,
) -> anyhow::Result<()> {
    let document = &envelope.document;
    let (Some(date), Some(entity), Some(currency)) = (
        document.accounting_date(),
        document.entity(),
        document.functional_currency(),
    ) else {
        return Ok(());
    };
    if !span.holds(date, document.is_adjusting()) {
        return Ok(());
    }
    let source = document.lines()?;
    // A journal of our own moves balances in the target alone: it has no coding of the source.
    if source
        .iter()
        .all(|line| line.coding.dimensional().is_none())
    {
        return Ok(());
    }
    let recorded = sent.map(Document::lines).transpose()?;
    take(&TrialDocument {
        number: &envelope.number,
        kind: document.kind(),
        entity: entity.as_str(),
        currency,
        date,
        source: &source,
        recorded: recorded.as_deref(),
    })
}

/// What a company folder says of a document beside its lines.
struct Head {
    date: AccountingDate,
    is_adjusting: bool,
}

/// Takes the documents of a company folder in, line by line: memory holds one line per document, not per line.
pub(crate) fn of_folder(
    folder: &CompanyFolder,
    reference: &Reference,
    (span, entity): (&Span, Option<&str>),
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    let heads = heads(folder, &reference.calendar, span)?;
    let names: Vec<&String> = reference.dimensions.keys().collect();
    let mut currencies: HashMap<String, Currency> = HashMap::new();
    let mut table = folder.table("inputs/document_lines.csv")?;
    let (mut id, mut owner) = (String::new(), String::new());
    let mut lines: Vec<LineFact> = Vec::new();
    loop {
        let row = table.next_row()?;
        let next = match &row {
            Some(row) => Some((row.get("document_id")?, row.get("entity_id")?)),
            None => None,
        };
        if !lines.is_empty() && next != Some((id.as_str(), owner.as_str())) {
            let head = heads
                .get(&id)
                .ok_or_else(|| anyhow!("{id} is in no row of inputs/documents.csv"))?;
            let known = reference.entities.get(&owner);
            let currency = known
                .ok_or_else(|| anyhow!("{id}: entity {owner} is unknown"))?
                .currency;
            take(&TrialDocument {
                number: &id,
                kind: DocumentKind::JournalEntry,
                entity: &owner,
                currency,
                date: head.date,
                source: &lines,
                recorded: None,
            })?;
            lines.clear();
        }
        let (Some(row), Some((next_id, next_owner))) = (&row, next) else {
            return Ok(());
        };
        let is_wanted =
            entity.is_none_or(|wanted| wanted == next_owner) && heads.contains_key(next_id);
        if is_wanted {
            if id != next_id {
                next_id.clone_into(&mut id);
            }
            if owner != next_owner {
                next_owner.clone_into(&mut owner);
            }
            lines.push(line(row, &names, &mut currencies)?);
        }
    }
}

fn heads(
    folder: &CompanyFolder,
    calendar: &Calendar,
    span: &Span,
) -> anyhow::Result<HashMap<String, Head>> {
    let mut adjusting: BTreeMap<String, bool> = BTreeMap::new();
    let mut heads = HashMap::new();
    let mut table = folder.table("inputs/documents.csv")?;
    while let Some(row) = table.next_row()? {
        let name = row.get("period")?;
        let is_adjusting = match adjusting.get(name) {
            Some(known) => *known,
            None => {
                let found = calendar
                    .named(name)
                    .is_some_and(|period| period.is_adjusting);
                adjusting.insert(name.to_owned(), found);
                found
            }
        };
        let cell = row.get("gl_date")?;
        let date = cell
            .parse()
            .map_err(|_| row.wrong(format!("gl_date: {cell:?} is no date")))?;
        let head = Head { date, is_adjusting };
        if span.holds(head.date, head.is_adjusting) {
            heads.insert(row.get("document_id")?.to_owned(), head);
        }
    }
    Ok(heads)
}

fn line(
    row: &Row<'_>,
    names: &[&String],
    currencies: &mut HashMap<String, Currency>,
) -> anyhow::Result<LineFact> {
    let mut dimensions = BTreeMap::new();
    for name in names {
        if let Some(value) = row.find(name).filter(|value| !value.is_empty()) {
            dimensions.insert((*name).clone(), Code::new(value));
        }
    }
    let affiliate = row.get("affiliate_entity")?;
    let code = row.get("base_currency")?;
    let currency = match currencies.get(code) {
        Some(known) => *known,
        None => {
            let fresh = code
                .parse()
                .map_err(|_| row.wrong(format!("{code:?} is no currency")))?;
            currencies.insert(code.to_owned(), fresh);
            fresh
        }
    };
    let net = |debit: &str, credit: &str| -> anyhow::Result<Amount> {
        let amount = |column: &str| -> anyhow::Result<Amount> {
            let cell = row.get(column)?;
            Ok(cell
                .parse()
                .map_err(|_| row.wrong(format!("{column}: {cell:?} is no amount")))?)
        };
        Ok(amount(debit)?.minus(amount(credit)?)?)
    };
    let functional = net("base_debit", "base_credit")?;
    let number = row.get("line_no")?;
    Ok(LineFact {
        number: number
            .parse()
            .map_err(|_| row.wrong(format!("line_no: {number:?} is no number")))?,
        coding: Coding::Dimensional(Dimensional {
            account: Code::new(row.get("account")?),
            dimensions,
            affiliate: (!affiliate.is_empty()).then(|| EntityId::new(affiliate)),
        }),
        currency,
        // The trial weighs functional amounts and quantities; for both the base columns hold the figure.
        amount: functional,
        functional,
        rate: None,
    })
}
