//! One byte form of a result, so that a re-run on the same evidence can prove the same result (domain.md §6.1).
//!
//! Every value is preceded by its length, every list by its count; no two results share a form.

use tieout_model::{Amount, Digest};

use crate::reconcile::verdict::{
    Break, Completeness, ControlTotal, KeyDifference, KeyResult, Reconciliation, SnapshotResult,
};

/// First value of the form; changes whenever the form does.
const FORM: &str = "tieout-reconciliation-1";

/// The digest of the canonical bytes of `reconciliation`.
pub fn digest(reconciliation: &Reconciliation) -> Digest {
    Digest::of(&canonical_bytes(reconciliation))
}

/// The canonical bytes of `reconciliation`.
pub fn canonical_bytes(reconciliation: &Reconciliation) -> Vec<u8> {
    let mut out = Writer::default();
    out.text(FORM);
    out.text(reconciliation.entity.as_str());
    out.text(reconciliation.currency.code());
    out.list(&reconciliation.snapshots, snapshot);
    out.list(&reconciliation.breaks, difference_break);
    out.list(&reconciliation.completeness, completeness);
    out.list(&reconciliation.gaps, |out, gap| out.text(&gap.to_string()));
    out.bytes
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn count(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.bytes.extend_from_slice(&count.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn amount(&mut self, amount: Amount) {
        self.text(&amount.to_string());
    }

    fn optional(&mut self, text: Option<String>) {
        self.count(usize::from(text.is_some()));
        if let Some(text) = text {
            self.text(&text);
        }
    }

    fn list<T>(&mut self, items: &[T], write: fn(&mut Self, &T)) {
        self.count(items.len());
        for item in items {
            write(self, item);
        }
    }
}

fn snapshot(out: &mut Writer, snapshot: &SnapshotResult) {
    out.text(&snapshot.label);
    out.text(&snapshot.period);
    out.list(&snapshot.keys, key_result);
    out.count(snapshot.keys_total);
    out.list(&snapshot.quantities, key_result);
    out.list(&snapshot.breaks, |out, index| out.count(*index));
    for amount in [
        snapshot.source_total_debit,
        snapshot.target_total_debit,
        snapshot.source_debit_balance,
        snapshot.target_debit_balance,
    ] {
        out.amount(amount);
    }
}

fn key_result(out: &mut Writer, result: &KeyResult) {
    out.text(&result.key.to_string());
    out.amount(result.source);
    out.amount(result.target);
    out.amount(result.difference);
}

fn difference_break(out: &mut Writer, item: &Break) {
    out.text(item.class.word());
    out.text(item.status.word());
    out.optional(item.document.map(|id| id.to_string()));
    out.text(&item.number);
    out.optional(item.kind.map(|kind| kind.word().to_owned()));
    out.text(&item.period);
    out.optional(item.stamp.as_ref().map(ToString::to_string));
    out.optional(item.reference.clone());
    out.text(&item.expected);
    out.text(&item.found);
    out.list(&item.differences, key_difference);
    out.optional(item.expires_at.map(|at| at.to_string()));
    out.text(&item.remedy);
}

fn key_difference(out: &mut Writer, difference: &KeyDifference) {
    out.text(&difference.snapshot);
    out.text(&difference.key.to_string());
    out.amount(difference.source);
    out.amount(difference.target);
    out.amount(difference.difference);
}

fn completeness(out: &mut Writer, row: &Completeness) {
    out.text(&row.period);
    out.optional(row.kind.map(|kind| kind.word().to_owned()));
    out.count(usize::from(row.source.is_some()));
    for total in row.source.iter().chain([&row.captured, &row.target]) {
        control_total(out, total);
    }
    for numbers in [
        &row.missing_in_target,
        &row.extra_in_target,
        &row.not_captured,
        &row.gone_from_source,
    ] {
        out.list(numbers, |out, number| out.text(number));
    }
}

fn control_total(out: &mut Writer, total: &ControlTotal) {
    out.count(total.documents);
    out.amount(total.total_debit);
    out.text(&total.numbers.to_string());
}
