//! Payments and receipts applied to bills and invoices: `inputs/applications.csv`.
//!
//! Credits and voids stand in that file too: a credit lowers what is due without a payment line, a reversed bill stays reversed.

use super::{amount, day, each};
use crate::company::{CompanyError, CompanyFolder};
use crate::intacct::amount::Amount;
use crate::intacct::books::Books;
use crate::intacct::books::schema::{
    APBILL, APPYMT, APPYMTDETAIL, ARINVOICE, ARPYMT, ARPYMTDETAIL, TableId,
};
use crate::intacct::books::table::INLINE;

pub(super) fn load(books: &mut Books, folder: &CompanyFolder) -> Result<(), CompanyError> {
    if !folder.has("inputs/applications.csv") {
        return Ok(());
    }
    each(folder, "inputs/applications.csv", |row| {
        let (object, payments, details) = match row.get("subledger")? {
            "AP" => (APBILL, APPYMT, APPYMTDETAIL),
            "AR" => (ARINVOICE, ARPYMT, ARPYMTDETAIL),
            _ => return Ok(()),
        };
        let item = books.find(object, "RECORDID", row.get("item_id")?);
        let payment = books.find(payments, "RECORDID", row.get("applied_by_document_id")?);
        let (trx, base) = (
            amount(row, "amount_txn")?,
            amount(row, "amount_base_booked")?,
        );
        // A void stands in this file too; the bill it reverses is closed by the reversal itself.
        let Some(item) = item.filter(|i| books.text(object, *i, "STATE") != "Reversed") else {
            return Ok(());
        };
        let date = day(row, "application_date")?;
        if let Some(payment) = payment {
            books.pay_detail(
                (details, payments, payment),
                (object, item),
                (base, trx),
                date,
            );
        }
        books.pay(object, item, (base, trx), date);
        if let (true, Some(payment)) = (books.options.payment_touches_document, payment) {
            let moment = books.cell(payments, payment, "AUWHENCREATED");
            books.set(object, item, "WHENMODIFIED", moment);
        }
        Ok(())
    })
}

impl Books {
    /// Adds one line to a payment.
    pub(in crate::intacct) fn pay_detail(
        &mut self,
        (details, payments, payment): (TableId, TableId, u32),
        (object, item): (TableId, u32),
        (base, trx): (Amount, Amount),
        date: u32,
    ) {
        let fields = [
            ("PAYMENTKEY", INLINE | (payment + 1)),
            ("RECORDKEY", INLINE | (item + 1)),
            ("PAYMENTAMOUNT", self.decimal(base)),
            ("TRX_PAYMENTAMOUNT", self.decimal(trx)),
            ("CURRENCY", self.cell(object, item, "CURRENCY")),
            ("PAYMENTDATE", INLINE | date),
            ("STATE", self.word("Posted")),
            ("WHENCREATED", self.cell(payments, payment, "AUWHENCREATED")),
            ("WHENMODIFIED", self.cell(payments, payment, "WHENMODIFIED")),
            ("MEGAENTITYID", self.cell(object, item, "MEGAENTITYID")),
        ];
        self.insert(details, &fields);
    }

    /// Lowers what is due on a bill or invoice. WHENMODIFIED does not move here.
    pub(in crate::intacct) fn pay(
        &mut self,
        object: TableId,
        item: u32,
        (base, trx): (Amount, Amount),
        date: u32,
    ) {
        for (paid, due, by) in [
            ("TOTALPAID", "TOTALDUE", base),
            ("TRX_TOTALPAID", "TRX_TOTALDUE", trx),
        ] {
            let (now_paid, now_due) = (
                self.amount(object, item, paid) + by,
                self.amount(object, item, due) - by,
            );
            let (paid_cell, due_cell) = (self.decimal(now_paid), self.decimal(now_due));
            self.set(object, item, paid, paid_cell);
            self.set(object, item, due, due_cell);
        }
        let left = self.amount(object, item, "TRX_TOTALDUE");
        let state = self.word(if left.is_zero() {
            "Paid"
        } else {
            "Partially Paid"
        });
        self.set(object, item, "STATE", state);
        if left.is_zero() {
            self.set(object, item, "WHENPAID", INLINE | date);
        }
    }
}
