//! Checks one interface row: ledger, category, currency, amounts, period, combination.
//!
//! Codes: EF04 [S-live]; EF01, EF03, EF04, EP01, EU02 and those of family EC as listed in Oracle's "Error Codes for Journal Import"
//! (24C [D]), in our words; EM01 is [R] (fusion.md §9.5).

use super::columns::GlRow;
use crate::fusion::FusionTwin;
use crate::fusion::amount::{self, AmountError};
use crate::fusion::calendar::day_text;
use crate::fusion::setup::chart::CombinationError;
use crate::fusion::setup::periods::{Application, Status};

/// A code of GL_INTERFACE.STATUS and its STATUS_DESCRIPTION.
pub(super) type Rejection = (&'static str, String);

/// A row with everything found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Position of the row in the selection.
    pub row: usize,
    pub ledger: usize,
    pub period: usize,
    pub combination: u32,
    pub entered: [Option<i64>; 2],
    pub accounted: [Option<i64>; 2],
    pub stat: Option<i64>,
    /// The rate that was used, as a decimal text.
    pub rate: String,
}

fn money(text: &str, decimals: u32) -> Result<Option<i64>, Rejection> {
    if text.is_empty() {
        return Ok(None);
    }
    amount::parse(text, decimals)
        .map(Some)
        .map_err(|e| match e {
            AmountError::TooPrecise => (
                "EC13",
                format!("THE AMOUNT {text} HAS MORE THAN {decimals} DECIMALS"),
            ),
            AmountError::TooLarge | AmountError::NotNumber => {
                ("EC13", format!("THE AMOUNT {text} IS TOO LARGE"))
            }
        })
}

/// No amount and zero are the same on the side that carries nothing.
fn pair(texts: &[String; 2], decimals: u32) -> Result<[Option<i64>; 2], Rejection> {
    let [debit, credit] = [money(&texts[0], decimals)?, money(&texts[1], decimals)?];
    match (debit, credit) {
        (Some(debit), Some(credit)) if debit != 0 && credit != 0 => {
            Err(("EM01", "BOTH A DEBIT AND A CREDIT WERE GIVEN".into()))
        }
        (Some(debit), Some(0)) => Ok([Some(debit), None]),
        (Some(0), Some(credit)) => Ok([None, Some(credit)]),
        other => Ok([other.0, other.1]),
    }
}

/// Entered and accounted sides, and the rate that was used.
type Amounts = ([Option<i64>; 2], [Option<i64>; 2], String);

/// Amounts of a line in ledger currency or STAT.
fn same_currency(
    entered: [Option<i64>; 2],
    accounted: [Option<i64>; 2],
) -> Result<Amounts, Rejection> {
    if accounted != [None, None] && accounted != entered {
        let words =
            "THE ENTERED AMOUNT MUST EQUAL THE ACCOUNTED AMOUNT IN A LEDGER CURRENCY OR STAT LINE";
        return Err(("EC12", words.into()));
    }
    if entered == [None, None] {
        return Err(("EM01", "NO AMOUNT WAS GIVEN".into()));
    }
    Ok((entered, entered, String::new()))
}

impl FusionTwin {
    /// Checks a row and finds what it names.
    pub(super) fn check_row(&mut self, place: usize, row: &GlRow) -> Result<Found, Rejection> {
        let ledger = self.row_ledger(row)?;
        if row.actual != "A" {
            return Err((
                "EM01",
                format!(
                    "THE BALANCE TYPE {} ISN'T IMPORTED ON THIS TENANT",
                    row.actual
                ),
            ));
        }
        if !self.setup.sources.contains(&row.source) {
            return Err(("EM01", format!("INVALID JOURNAL SOURCE {}", row.source)));
        }
        if !self.setup.categories.contains(&row.category) {
            return Err(("EM01", format!("INVALID JOURNAL CATEGORY {}", row.category)));
        }
        let period = self.row_period(row, ledger)?;
        let combination = self.row_combination(row, ledger)?;
        let (entered, accounted, rate) = self.row_amounts(row, ledger)?;
        let stat = money(&row.stat, 6)?;
        Ok(Found {
            row: place,
            ledger,
            period,
            combination,
            entered,
            accounted,
            stat,
            rate,
        })
    }

    /// The ledger of a row: LEDGER_ID, else LEDGER_NAME.
    pub(super) fn row_ledger(&self, row: &GlRow) -> Result<usize, Rejection> {
        let invalid = |text: &str| ("EM01", format!("INVALID LEDGER {text}"));
        if !row.ledger_id.is_empty() {
            let number = row.ledger_id.parse::<i64>().ok();
            let found = self.setup.ledgers.iter().position(|l| Some(l.id) == number);
            return found.ok_or_else(|| invalid(&row.ledger_id));
        }
        self.setup
            .ledger_named(&row.ledger_name)
            .ok_or_else(|| invalid(&row.ledger_name))
    }

    fn row_period(&self, row: &GlRow, ledger: usize) -> Result<usize, Rejection> {
        let calendar = &self.setup.calendar;
        let date = day_text(row.date);
        let found = if row.period.is_empty() {
            calendar.on(row.date)
        } else {
            calendar.by_name(&row.period)
        };
        let outside = || {
            (
                "EP01",
                format!("THIS DATE {date} IS NOT IN ANY OPEN OR FUTURE ENTERABLE PERIOD"),
            )
        };
        let period = found.ok_or_else(outside)?;
        let span = &calendar.periods[period];
        if row.date < span.start || row.date > span.end {
            return Err((
                "EP01",
                format!("THE DATE {date} IS NOT IN THE PERIOD {}", span.name),
            ));
        }
        match calendar.status(ledger, period, Application::Gl) {
            Status::Open | Status::Future => Ok(period),
            Status::NeverOpened | Status::Closed | Status::PermanentlyClosed => Err(outside()),
        }
    }

    fn row_combination(&mut self, row: &GlRow, ledger: usize) -> Result<u32, Rejection> {
        let text = row.segments.join(&self.setup.chart.delimiter.to_string());
        let found = self.setup.chart.combination(&text, row.date);
        let chart = &self.setup.chart;
        let set = |segment: &usize| &chart.segments[*segment].value_set;
        let name = |segment: &usize| &chart.segments[*segment].name;
        let tells_rule = self.options.tells_violated_rule;
        let found = found.map_err(|e| {
            match e {
            CombinationError::Segments { expected, found } => (
                "EF04",
                format!("{expected} SEGMENTS EXPECTED, {found} FOUND"),
            ),
            CombinationError::Unknown { segment, value } => (
                "EF04",
                format!(
                    "FLEX-VALUE DOES NOT EXIST (SEGMENT={}) (VALUESET={}) (VALUE={value})",
                    name(&segment),
                    set(&segment)
                ),
            ),
            CombinationError::Disabled { segment, value } => (
                "EF03",
                format!(
                    "FLEX-VALUE IS DISABLED (SEGMENT={}) (VALUESET={}) (VALUE={value})",
                    name(&segment),
                    set(&segment)
                ),
            ),
            CombinationError::Expired {
                segment,
                value,
                day,
            } => (
                "EF01",
                format!(
                    "FLEX-VALUE IS INACTIVE ON {} (SEGMENT={}) (VALUESET={}) (VALUE={value})",
                    day_text(day),
                    name(&segment),
                    set(&segment)
                ),
            ),
            CombinationError::Forbidden { message, .. } if tells_rule => ("EF04", message),
            CombinationError::Forbidden { .. } => (
                "EF04",
                "THIS ACCOUNT IS NOT VALID, CHECK THE CROSS-VALIDATION RULES AND THE SEGMENT VALUES"
                    .to_owned(),
            ),
        }
        })?;
        let company = chart.company_of(found);
        if !self.setup.ledgers[ledger]
            .companies
            .iter()
            .any(|c| c == company)
        {
            return Err((
                "EF04",
                format!("BALANCING SEGMENT VALUE {company} IS NOT ASSIGNED TO THE LEDGER"),
            ));
        }
        Ok(found)
    }

    fn row_amounts(&self, row: &GlRow, ledger: usize) -> Result<Amounts, Rejection> {
        let own = &self.setup.ledgers[ledger];
        let unknown = || ("EC08", format!("INVALID CURRENCY CODE {}", row.currency));
        let decimals = amount::decimals(&row.currency).ok_or_else(unknown)?;
        let entered = pair(&row.entered, decimals)?;
        if row.currency == "STAT" || row.currency == own.currency {
            let accounted = pair(&row.accounted, decimals)?;
            return same_currency(entered, accounted);
        }
        let accounted = pair(&row.accounted, own.decimals)?;
        let given = accounted != [None, None];
        if entered == [None, None] && !given {
            return Err(("EM01", "NO AMOUNT WAS GIVEN".into()));
        }
        let rate = match row.conversion_type.as_str() {
            "" if given => String::new(),
            "" => {
                return Err((
                    "EC03",
                    "A CONVERSION RATE TYPE OR AN ACCOUNTED AMOUNT MUST BE SUPPLIED".into(),
                ));
            }
            "User" if row.conversion_rate.is_empty() => {
                return Err((
                    "EC01",
                    "A CONVERSION RATE MUST BE ENTERED WITH THE CONVERSION RATE TYPE USER".into(),
                ));
            }
            "User" => row.conversion_rate.clone(),
            kind if kind == self.options.rate_type => {
                let date = row.conversion_date.unwrap_or(row.date);
                let found = self.setup.rate(&row.currency, &own.currency, kind, date);
                found.map(str::to_owned).ok_or_else(|| {
                    (
                        "EC06",
                        format!(
                            "NO CONVERSION RATE FOR {} ON {}",
                            row.currency,
                            day_text(date)
                        ),
                    )
                })?
            }
            other => return Err(("EC11", format!("INVALID CONVERSION RATE TYPE {other}"))),
        };
        if given {
            return Ok((entered, accounted, rate));
        }
        let convert = |side: Option<i64>| match side {
            None => Ok(None),
            Some(value) => amount::convert(value, decimals, &rate, own.decimals)
                .map(Some)
                .map_err(|_| ("EC13", "AMOUNT IS TOO LARGE".to_owned())),
        };
        Ok((entered, [convert(entered[0])?, convert(entered[1])?], rate))
    }
}
