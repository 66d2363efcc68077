//! The value of one attribute of one record.

mod journal;
mod master;
mod payable;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::schema::{Kind, Row};
use super::text::push_string;
use crate::fusion::FusionTwin;
use crate::fusion::amount;
use crate::fusion::calendar::{self, Day};
use crate::fusion::symbols::Symbol;

/// A value as the vendor types it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    /// Precision 18: a string from framework version 9 on.
    Id(i64),
    Int(i64),
    /// Minor units and decimals.
    Money(i128, u32),
    /// A decimal as it was given.
    Digits(&'a str),
    Text(Cow<'a, str>),
    Day(Day),
    Time(i64),
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// A text; empty is null.
    pub(crate) fn text(text: &'a str) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Text(Cow::Borrowed(text))
        }
    }

    /// A text made for the occasion.
    pub(crate) fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// A day or null.
    pub(crate) fn day(day: Option<Day>) -> Self {
        day.map_or(Self::Null, Self::Day)
    }

    /// An amount or null.
    pub(crate) fn money(amount: Option<i64>, decimals: u32) -> Self {
        amount.map_or(Self::Null, |a| Self::Money(a.into(), decimals))
    }

    /// A decimal or null.
    pub(crate) fn digits(text: &'a str) -> Self {
        if text.is_empty() {
            Self::Null
        } else {
            Self::Digits(text)
        }
    }

    /// Appends the value as JSON.
    pub(crate) fn push_json(&self, out: &mut String, version: u8) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Id(id) if version >= 9 => {
                out.push('"');
                out.push_str(&id.to_string());
                out.push('"');
            }
            Self::Id(number) | Self::Int(number) => out.push_str(&number.to_string()),
            Self::Money(minor, decimals) => amount::push_short(out, *minor, *decimals),
            Self::Digits(digits) => match amount::scan(digits) {
                Ok((value, scale)) => amount::push_short(out, value, scale),
                Err(_) => out.push_str("null"),
            },
            Self::Text(text) => push_string(out, text),
            Self::Day(day) => {
                out.push('"');
                calendar::push_day(out, *day);
                out.push('"');
            }
            Self::Time(ms) => {
                out.push('"');
                calendar::push_time(out, *ms, "+00:00");
                out.push('"');
            }
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        }
    }

    /// The value as a decimal.
    pub(crate) fn decimal(&self) -> Option<(i128, u32)> {
        match self {
            Self::Id(number) | Self::Int(number) => Some((i128::from(*number), 0)),
            Self::Money(minor, decimals) => Some((*minor, *decimals)),
            Self::Digits(digits) => amount::scan(digits).ok(),
            Self::Null | Self::Text(_) | Self::Day(_) | Self::Time(_) | Self::Flag(_) => None,
        }
    }

    /// Order for `orderBy`; null comes last.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Greater,
            (_, Self::Null) => Ordering::Less,
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Day(a), Self::Day(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            _ => match (self.decimal(), other.decimal()) {
                (Some(a), Some(b)) => compare_decimals(a, b),
                _ => Ordering::Equal,
            },
        }
    }
}

/// Compares digits/10^scale exactly; absurd scales count as equal to nothing smaller.
pub(crate) fn compare_decimals(a: (i128, u32), b: (i128, u32)) -> Ordering {
    let scale = a.1.max(b.1);
    let widen = |(value, own): (i128, u32)| {
        10_i128
            .checked_pow(scale - own)
            .and_then(|f| value.checked_mul(f))
    };
    match (widen(a), widen(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.0.signum().cmp(&b.0.signum()),
    }
}

/// Position as index.
pub(crate) fn at(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Index as position.
pub(crate) fn to(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl FusionTwin {
    /// The text of a symbol as a cell.
    pub(super) fn symbol(&self, symbol: Symbol) -> Cell<'_> {
        Cell::text(self.symbols.text(symbol))
    }

    /// The value of an attribute; `name` must be one of the kind's schema.
    pub(crate) fn cell(&self, row: Row, name: &str) -> Cell<'_> {
        match row.kind {
            Kind::Invoice => self.invoice_cell(row, name),
            Kind::InvoiceLine => self.invoice_line_cell(row, name),
            Kind::Distribution => self.distribution_cell(row, name),
            Kind::Installment => self.installment_cell(row, name),
            Kind::InvoiceDff => self.invoice_dff_cell(row, name),
            Kind::InvoiceLineDff => self.invoice_line_dff_cell(row, name),
            Kind::Batch => self.batch_cell(row, name),
            Kind::Header => self.header_cell(row, name),
            Kind::Line => self.line_cell(row, name),
            Kind::LineDff => self.line_dff_cell(row, name),
            Kind::BatchError => self.batch_error_cell(row, name),
            Kind::Supplier => self.supplier_cell(row, name),
            Kind::SupplierSite => self.site_cell(row, name),
            Kind::SupplierAddress => self.address_cell(row, name),
            Kind::SupplierContact => Cell::Null,
            Kind::PeriodStatus => self.period_cell(row, name),
            Kind::Combination => self.combination_cell(row, name),
            Kind::Value => self.value_cell(row, name),
            Kind::Rate => self.rate_cell(row, name),
            Kind::Ledger
            | Kind::Source
            | Kind::Category
            | Kind::Chart
            | Kind::AccessSet
            | Kind::ValueSet
            | Kind::Term => self.list_cell(row, name),
        }
    }
}
