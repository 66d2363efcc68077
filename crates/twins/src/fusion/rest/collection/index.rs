//! Finds candidate records of a condition through indexes, so that no look-up scans all invoices.

use super::positions;
use super::test::{Leaf, Test};
use crate::fusion::FusionTwin;
use crate::fusion::calendar::{DAY_MS, Day};
use crate::fusion::ledger::BATCH_IDS;
use crate::fusion::payables::INVOICE_IDS;
use crate::fusion::rest::cell::at;
use crate::fusion::rest::grammar::Operator;
use crate::fusion::rest::schema::Kind;
use crate::fusion::setup::position;

/// A closed range of instants or days.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: i64,
    high: i64,
}

impl Range {
    const ALL: Self = Self {
        low: i64::MIN,
        high: i64::MAX,
    };

    fn narrow(&mut self, operator: Operator, values: &[i64]) -> bool {
        let (Some(first), last) = (values.first().copied(), values.last().copied()) else {
            return false;
        };
        match operator {
            Operator::Equal => (self.low, self.high) = (self.low.max(first), self.high.min(first)),
            Operator::Greater => self.low = self.low.max(first.saturating_add(1)),
            Operator::GreaterEqual => self.low = self.low.max(first),
            Operator::Less => self.high = self.high.min(first.saturating_sub(1)),
            Operator::LessEqual => self.high = self.high.min(first),
            Operator::Between => {
                (self.low, self.high) = (self.low.max(first), self.high.min(last.unwrap_or(first)));
            }
            Operator::Unequal
            | Operator::Like
            | Operator::NotLike
            | Operator::In
            | Operator::NotIn
            | Operator::IsNull
            | Operator::IsNotNull => return false,
        }
        true
    }
}

impl FusionTwin {
    /// A superset of the records that meet the condition, or `None` if no index helps.
    pub(super) fn candidates(&self, kind: Kind, test: &Test) -> Option<Vec<u32>> {
        match test {
            Test::Leaf(leaf) => self
                .equal_candidates(kind, leaf)
                .or_else(|| self.range_candidates(kind, &[leaf])),
            Test::Any(tests) => {
                let mut all = Vec::new();
                for test in tests {
                    all.extend(self.candidates(kind, test)?);
                }
                Some(all)
            }
            Test::All(tests) => {
                let best = tests
                    .iter()
                    .filter(|t| !is_range(t))
                    .filter_map(|t| self.candidates(kind, t))
                    .min_by_key(Vec::len);
                if best.is_some() {
                    return best;
                }
                let leaves: Vec<&Leaf> = tests
                    .iter()
                    .filter_map(|t| if let Test::Leaf(l) = t { Some(l) } else { None })
                    .collect();
                self.range_candidates(kind, &leaves)
            }
            Test::Not(_) => None,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every kind not named here is treated alike"
    )]
    fn equal_candidates(&self, kind: Kind, leaf: &Leaf) -> Option<Vec<u32>> {
        let equal = leaf.operator == Operator::Equal || leaf.operator == Operator::In;
        if kind == Kind::Batch && leaf.steps.is_empty() && leaf.attribute == "BatchName" {
            let text = &leaf.values.first()?.text;
            return match leaf.operator {
                Operator::Equal | Operator::Like => {
                    let fixed = if equal {
                        text.len()
                    } else {
                        text.find(['*', '%']).unwrap_or(text.len())
                    };
                    Some(positions(self.journals.named_like(&text[..fixed])))
                }
                _ => None,
            };
        }
        if !equal {
            return None;
        }
        let ids = |base: i64, len: usize| {
            let wanted = leaf.values.iter().filter_map(|w| w.decimal);
            let whole = wanted
                .filter(|(_, scale)| *scale == 0)
                .filter_map(|(id, _)| i64::try_from(id).ok());
            positions(whole.filter_map(|id| position(base, id, len)))
        };
        let texts = || leaf.values.iter().map(|w| w.text.as_str());
        match (kind, leaf.steps.as_slice(), leaf.attribute) {
            (Kind::Invoice, [], "InvoiceNumber") => {
                Some(texts().flat_map(|t| self.invoices.numbered(t)).collect())
            }
            (Kind::Invoice, [], "InvoiceId") => Some(ids(INVOICE_IDS, self.invoices.list.len())),
            (Kind::Invoice, [Kind::InvoiceDff], "sourceStamp") => {
                Some(texts().flat_map(|t| self.invoices.stamped(t)).collect())
            }
            (Kind::Batch, [], "JeBatchId") => Some(ids(BATCH_IDS, self.journals.batches.len())),
            (Kind::Batch, [Kind::Header], "ExternalReference") => {
                let headers = texts().flat_map(|t| self.journals.referenced(t));
                Some(positions(headers.map(|h| self.journals.headers[h].batch)))
            }
            (Kind::Supplier, [], "Supplier") => {
                Some(positions(texts().flat_map(|t| {
                    self.setup.suppliers.all_named(t).iter().copied()
                })))
            }
            (Kind::Supplier, [], "SupplierNumber") => Some(positions(
                texts().filter_map(|t| self.setup.suppliers.numbered(t)),
            )),
            (Kind::Supplier, [], "SupplierId") => {
                let wanted = leaf
                    .values
                    .iter()
                    .filter_map(|w| w.decimal)
                    .filter(|(_, scale)| *scale == 0);
                Some(positions(wanted.filter_map(|(id, _)| {
                    self.setup.suppliers.by_id(i64::try_from(id).ok()?)
                })))
            }
            (Kind::Combination, [], "AccountCombination") => {
                Some(texts().filter_map(|t| self.setup.chart.find(t)).collect())
            }
            _ => None,
        }
    }

    fn range_candidates(&self, kind: Kind, leaves: &[&Leaf]) -> Option<Vec<u32>> {
        if kind != Kind::Invoice {
            return None;
        }
        let range = |attribute: &str| {
            let mut range = Range::ALL;
            let mut narrowed = false;
            for leaf in leaves
                .iter()
                .filter(|l| l.steps.is_empty() && l.attribute == attribute)
            {
                let values: Vec<i64> = leaf
                    .values
                    .iter()
                    .filter_map(|w| w.day.map(i64::from).or(w.time))
                    .collect();
                narrowed |= range.narrow(leaf.operator, &values);
            }
            narrowed.then_some(range)
        };
        let clamp =
            |v: i64| Day::try_from(v.clamp(i64::from(Day::MIN), i64::from(Day::MAX))).unwrap_or(0);
        let mut best: Option<Vec<u32>> = None;
        if let Some(r) = range("AccountingDate") {
            best = Some(self.invoices.between_days(clamp(r.low), clamp(r.high)));
        }
        if let Some(r) = range("LastUpdateDate") {
            let found = self
                .invoices
                .changed_between(r.low.max(-DAY_MS * 400_000), r.high);
            best = Some(best.filter(|b| b.len() <= found.len()).unwrap_or(found));
        }
        if let Some(r) = range("CreationDate") {
            let list = &self.invoices.list;
            let from = list.partition_point(|i| i.created_ms < r.low);
            let to = list.partition_point(|i| i.created_ms <= r.high);
            let found = positions(from..to.max(from));
            best = Some(best.filter(|b| b.len() <= found.len()).unwrap_or(found));
        }
        best.map(|rows| {
            rows.into_iter()
                .filter(|p| at(*p) < self.invoices.list.len())
                .collect()
        })
    }
}

fn is_range(test: &Test) -> bool {
    if let Test::Leaf(leaf) = test {
        return leaf.steps.is_empty()
            && ["AccountingDate", "LastUpdateDate", "CreationDate"].contains(&leaf.attribute);
    }
    false
}
