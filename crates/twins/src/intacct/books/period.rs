//! Reporting periods, and which of them are closed for whom.

use super::Books;
use crate::intacct::moment;

/// One reporting period of the calendar.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Period {
    pub(in crate::intacct) name: String,
    pub(in crate::intacct) fiscal_year: i32,
    pub(in crate::intacct) start: u32,
    pub(in crate::intacct) end: u32,
    pub(in crate::intacct) adjusting: bool,
}

/// The part of the product a posting belongs to, as periods are closed: `AP`, `AR` or `GL`.
pub(in crate::intacct) fn application(module: &str) -> &'static str {
    match module {
        "3.AP" | "9.PO" => "AP",
        "4.AR" | "8.SO" | "55.CONTRACT" => "AR",
        _ => "GL",
    }
}

impl Books {
    /// Position of the period of this name.
    pub(in crate::intacct) fn period(&self, name: &str) -> Option<usize> {
        self.periods.iter().position(|p| p.name == name)
    }

    /// Position of the regular (or adjusting) period a day falls into.
    pub(in crate::intacct) fn period_of(&self, day: u32, adjusting: bool) -> Option<usize> {
        let fits = |p: &Period| p.adjusting == adjusting && p.start <= day && day <= p.end;
        self.periods.iter().position(fits)
    }

    /// The adjusting period that ends with this regular one.
    pub(in crate::intacct) fn adjusting_after(&self, period: usize) -> Option<usize> {
        let end = self.periods.get(period)?.end;
        self.periods
            .iter()
            .position(|p| p.adjusting && p.end == end)
    }

    /// True if nothing may be posted for this entity and application into the period. Closing the general ledger closes everything.
    pub(in crate::intacct) fn is_closed(&self, entity: &str, app: &str, period: usize) -> bool {
        ["", entity].iter().any(|e| {
            ["", "GL", app].iter().any(|a| {
                self.closed
                    .contains(&((*e).to_owned(), (*a).to_owned(), period))
            })
        })
    }

    /// Opens or closes a period for one entity or all, for one application or all.
    ///
    /// # Errors
    /// Words naming the unknown period, entity, application or status.
    pub(in crate::intacct) fn set_period(
        &mut self,
        entity: Option<&str>,
        application: Option<&str>,
        period: &str,
        status: &str,
    ) -> Result<(), String> {
        let index = self
            .period(period)
            .ok_or_else(|| format!("period: no period {period}"))?;
        let entity = entity.unwrap_or_default();
        if !entity.is_empty() && self.entity(entity).is_none() {
            return Err(format!("entity: no entity {entity}"));
        }
        let application = application.unwrap_or_default().to_uppercase();
        if !["", "GL", "AP", "AR"].contains(&application.as_str()) {
            return Err(format!("application: {application} is none of GL, AP, AR"));
        }
        match status.to_lowercase().as_str() {
            "closed" | "close" => {
                self.closed.insert((entity.to_owned(), application, index));
            }
            "open" => {
                self.closed.retain(|(e, a, p)| {
                    !(*p == index
                        && (entity.is_empty() || e.is_empty() || e == entity)
                        && (application.is_empty() || a.is_empty() || *a == application))
                });
            }
            other => return Err(format!("status: {other} is neither open nor closed")),
        }
        Ok(())
    }

    /// Whether a day may be posted to; answers the period.
    ///
    /// # Errors
    /// Words for a day outside every period or inside a closed one.
    pub(in crate::intacct) fn open_period(
        &self,
        entity: &str,
        module: &str,
        day: u32,
        adjusting: bool,
    ) -> Result<usize, String> {
        let date = moment::day_to_us(day);
        let index = self.period_of(day, adjusting).ok_or_else(|| {
            format!(
                "date {date}: no {} period covers it",
                if adjusting { "adjusting" } else { "regular" }
            )
        })?;
        if self.is_closed(entity, application(module), index) {
            return Err(format!(
                "date {date}: the books of {entity} are closed for period {}",
                self.periods[index].name
            ));
        }
        Ok(index)
    }
}
