//! People change their minds: finding, reading back, replacing, deleting and reversing documents.

use super::document::{DIMENSIONS, Document, Line, RULES, Rule, rule_of};
use super::post::Place;
use super::schema::{
    APADJUSTMENT, APBILL, APPYMT, ARADJUSTMENT, ARINVOICE, ARPYMT, GLBATCH, GLENTRY, TableId,
    lines_of,
};
use super::table::INLINE;
use super::{Books, Stamp};
use crate::intacct::amount::Amount;
use crate::intacct::moment;

/// Objects whose rows are documents of their own.
pub(in crate::intacct) const DOCUMENTS: [TableId; 6] = [
    APBILL,
    APADJUSTMENT,
    APPYMT,
    ARINVOICE,
    ARADJUSTMENT,
    ARPYMT,
];

impl Books {
    /// Where the document of this number stands; `None` if there is none.
    pub(in crate::intacct) fn locate(&self, id: &str) -> Option<Place> {
        let cell = self.pool.find(id)?;
        let header = DOCUMENTS.iter().find_map(|t| {
            self.rows_with(*t, "RECORDID", cell)
                .first()
                .map(|r| (*t, *r))
        });
        if let Some((object, row)) = header {
            return Some(self.place_of(object, row));
        }
        let batches = self.rows_with(GLBATCH, "REFERENCENO", cell);
        (!batches.is_empty()).then_some(Place {
            header: None,
            batches,
        })
    }

    /// A header with its postings, without those that reversed it.
    pub(in crate::intacct) fn place_of(&self, object: TableId, row: u32) -> Place {
        let prbatch = self.cell(object, row, "PRBATCHKEY");
        let id = self.cell(object, row, "RECORDID");
        let mut batches = self.rows_with(GLBATCH, "PRBATCHKEY", prbatch);
        batches.retain(|b| self.cell(GLBATCH, *b, "REFERENCENO") == id);
        Place {
            header: Some((object, row)),
            batches,
        }
    }

    /// Rows of GLENTRY of one posting, in line order.
    pub(in crate::intacct) fn entries(&self, batch: u32) -> Vec<u32> {
        let mut rows = self.rows_with(GLENTRY, "BATCHNO", INLINE | (batch + 1));
        rows.sort_by_key(|row| self.cell(GLENTRY, *row, "LINE_NO"));
        rows
    }

    /// Takes the lines of a document out of books and ledger; header and posting rows stay for reuse.
    ///
    /// # Errors
    /// Words if the period is closed or the document is paid or reversed.
    pub(in crate::intacct) fn take_out_lines(&mut self, place: &Place) -> Result<(), String> {
        if let Some((object, row)) = place.header {
            let state = self.text(object, row, "STATE");
            if matches!(state.as_str(), "Paid" | "Partially Paid" | "Reversed") {
                return Err(format!(
                    "state: the document is {state} and cannot be changed"
                ));
            }
        }
        for batch in &place.batches {
            self.may_change(*batch)?;
            let period = self.number(GLBATCH, *batch, "_PERIOD").unwrap_or(0);
            let period = u16::try_from(period).unwrap_or(u16::MAX);
            for entry in self.entries(*batch) {
                let key = (
                    self.cell(GLENTRY, entry, "_ENTITY"),
                    self.cell(GLENTRY, entry, "ACCOUNTNO"),
                    period,
                );
                let signed = self.signed(entry);
                self.total(key, signed, true);
                self.remove(GLENTRY, entry);
            }
        }
        if let Some((object, row)) = place.header
            && let Some((items, link, _)) = lines_of(object)
        {
            for item in self.rows_with(items, link, INLINE | (row + 1)) {
                self.remove(items, item);
            }
        }
        Ok(())
    }

    fn may_change(&self, batch: u32) -> Result<(), String> {
        if self.cell(GLBATCH, batch, "REVERSEDKEY") != 0 {
            return Err("state: the posting is reversed and cannot be changed".to_owned());
        }
        let entity = self.text(GLBATCH, batch, "BASELOCATION_NO");
        let module = self.text(GLBATCH, batch, "MODULE");
        let day = self.number(GLBATCH, batch, "BATCH_DATE").unwrap_or(0);
        let adjusting = self.number(GLBATCH, batch, "_PERIOD").is_some_and(|p| {
            usize::try_from(p)
                .ok()
                .and_then(|p| self.periods.get(p))
                .is_some_and(|p| p.adjusting)
        });
        self.open_period(&entity, &module, day, adjusting)
            .map(|_| ())
    }

    /// Deletes a document with everything it wrote.
    ///
    /// # Errors
    /// Words if the period is closed or the document is paid or reversed.
    pub(in crate::intacct) fn delete(&mut self, place: &Place, stamp: Stamp) -> Result<(), String> {
        self.take_out_lines(place)?;
        for batch in &place.batches {
            self.remove(GLBATCH, *batch);
            self.audit(GLBATCH, *batch, "D", stamp);
        }
        if let Some((object, row)) = place.header {
            self.remove(object, row);
            self.audit(object, row, "D", stamp);
        }
        Ok(())
    }

    /// Replaces a document by a new version in the same rows.
    ///
    /// # Errors
    /// As [`Books::write`] and [`Books::take_out_lines`].
    pub(in crate::intacct) fn replace(
        &mut self,
        place: &Place,
        doc: &Document,
        stamp: Stamp,
    ) -> Result<Place, String> {
        self.take_out_lines(place)?;
        self.write(doc, place, stamp)
    }

    /// Reads a document back from its rows.
    pub(in crate::intacct) fn read_back(&self, place: &Place) -> Option<Document> {
        let batch = *place.batches.first()?;
        let rule = self.rule_read_back(place, batch)?;
        let mut lines = Vec::new();
        for batch in &place.batches {
            for entry in self.entries(*batch) {
                lines.push(self.line_read_back(entry));
            }
        }
        let header = |field: &str| {
            place
                .header
                .map(|(object, row)| self.cell(object, row, field))
        };
        let day = |cell: u32| cell & !INLINE;
        let gl_date = day(self.cell(GLBATCH, batch, "BATCH_DATE"));
        let party = place.header.map_or(0, |(object, row)| {
            self.cell(
                object,
                row,
                if object <= APPYMT {
                    "VENDORID"
                } else {
                    "CUSTOMERID"
                },
            )
        });
        Some(Document {
            id: self.cell(GLBATCH, batch, "REFERENCENO"),
            rule,
            date: header("WHENCREATED").map_or(gl_date, day),
            gl_date,
            adjusting: self.text(GLBATCH, batch, "ADJ") == "true",
            entity: header("MEGAENTITYID")
                .unwrap_or_else(|| self.cell(GLBATCH, batch, "BASELOCATION_NO")),
            currency: header("CURRENCY").unwrap_or_else(|| lines.first().map_or(0, |l| l.currency)),
            due: header("WHENDUE").map_or(0, day),
            party,
            reference: header("DOCNUMBER").unwrap_or(0),
            reverses: 0,
            description: self.cell(GLBATCH, batch, "BATCH_TITLE"),
            supdoc: self.cell(GLBATCH, batch, "SUPDOCID"),
            journal: 0,
            lines,
        })
    }

    fn rule_read_back(&self, place: &Place, batch: u32) -> Option<Rule> {
        let object = place.header.map(|(object, _)| object);
        let module = place
            .header
            .map(|(object, row)| self.text(object, row, "MODULEKEY"));
        let journal = self.text(GLBATCH, batch, "JOURNAL");
        let fits = |rule: &&Rule| match object {
            Some(_) => rule.object == object && module.as_deref() == Some(rule.module),
            None => rule.object.is_none() && rule.journal == journal,
        };
        RULES
            .iter()
            .find(fits)
            .copied()
            .or_else(|| rule_of("gl_journal"))
    }

    fn line_read_back(&self, entry: u32) -> Line {
        let cell = |field: &str| self.cell(GLENTRY, entry, field);
        let credit = self.text(GLENTRY, entry, "TR_TYPE") == "-1";
        let sign = |a: Amount| if credit { -a } else { a };
        let mut dims = [0; 8];
        for (at, (_, field, _)) in DIMENSIONS.iter().enumerate() {
            dims[at] = cell(field);
        }
        Line {
            entity: cell("_ENTITY"),
            account: cell("ACCOUNTNO"),
            affiliate: cell("AFFILIATEENTITY"),
            currency: cell("CURRENCY"),
            trx: sign(self.amount(GLENTRY, entry, "TRX_AMOUNT")),
            rate: cell("EXCHANGE_RATE"),
            base: sign(self.amount(GLENTRY, entry, "AMOUNT")),
            statistical: self.text(GLENTRY, entry, "STATISTICAL") == "true",
            dims,
            custom: self
                .custom
                .iter()
                .map(|(name, _)| cell(&format!("GLDIM{name}")))
                .collect(),
            memo: cell("DESCRIPTION"),
        }
    }

    /// Reverses a document on a day: a mirrored posting in the same journal, and the document of its own marked Reversed.
    ///
    /// # Errors
    /// Words for a closed period or a document that is reversed already.
    pub(in crate::intacct) fn reverse(
        &mut self,
        place: &Place,
        (id, day, description): (&str, u32, &str),
        stamp: Stamp,
    ) -> Result<Place, String> {
        let mut doc = self
            .read_back(place)
            .ok_or("the document has no posting to reverse")?;
        let journal = place
            .batches
            .first()
            .map_or(0, |b| self.cell(GLBATCH, *b, "JOURNAL"));
        if place
            .batches
            .iter()
            .any(|b| self.cell(GLBATCH, *b, "REVERSEDKEY") != 0)
        {
            return Err("state: the document is already reversed".to_owned());
        }
        doc.reverses = doc.id;
        if let Some((object, row)) = place.header {
            let state = self.text(object, row, "STATE");
            if state != "Posted" {
                return Err(format!(
                    "state: the document is {state} and cannot be reversed"
                ));
            }
            if object != APBILL {
                self.mark_reversed(object, row, stamp);
            }
        }
        let void = place.header.is_some_and(|(object, _)| object == APBILL);
        let kind = if void { "ap_bill_void" } else { "gl_reversal" };
        let module = doc.rule.module;
        doc.rule = Rule {
            module,
            ..rule_of(kind).ok_or("no rule for reversals")?
        };
        doc.journal = if doc.adjusting { 0 } else { journal };
        doc.id = self.word(id);
        (doc.gl_date, doc.date, doc.due, doc.adjusting) = (day, day, 0, false);
        if !description.is_empty() {
            doc.description = self.word(description);
        }
        for line in &mut doc.lines {
            (line.trx, line.base) = (-line.trx, -line.base);
        }
        let made = self.write(&doc, &Place::default(), stamp)?;
        if let Some((object, row)) = place.header {
            let prbatch = self.cell(object, row, "PRBATCHKEY");
            for batch in &made.batches {
                self.set(GLBATCH, *batch, "PRBATCHKEY", prbatch);
            }
        }
        for batch in &place.batches {
            self.touch(GLBATCH, *batch, stamp);
            self.audit(GLBATCH, *batch, "M", stamp);
        }
        Ok(made)
    }

    fn mark_reversed(&mut self, object: TableId, row: u32, stamp: Stamp) {
        let (state, zero) = (self.word("Reversed"), self.word("0"));
        self.set(object, row, "STATE", state);
        self.set(object, row, "TOTALDUE", zero);
        self.set(object, row, "TRX_TOTALDUE", zero);
        self.touch(object, row, stamp);
        self.audit(object, row, "M", stamp);
    }

    /// Every document as CSV: `kind,number,stamp,entity,accounting_date,currency,amount,status,created_at`. Documents of their own first,
    /// then postings without one. `stamp` is empty: this system carries no mark of another. Amounts are in document currency.
    pub(in crate::intacct) fn documents_csv(&self) -> String {
        let mut csv = String::from(
            "kind,number,stamp,entity,accounting_date,currency,amount,status,created_at\n",
        );
        let iso = |cell: u32| {
            if cell == 0 {
                String::new()
            } else {
                moment::day_to_iso(cell & !INLINE)
            }
        };
        let at = |cell: u32| {
            if cell == 0 {
                String::new()
            } else {
                moment::moment_to_iso(cell & !INLINE)
            }
        };
        for object in DOCUMENTS {
            let name = self.table(object).name.clone();
            for row in self.table(object).all() {
                let text = |field: &str| self.text(object, row, field);
                csv.push_str(&format!(
                    "{name},{},,{},{},{},{},{},{}\n",
                    quoted(&text("RECORDID")),
                    quoted(&text("MEGAENTITYID")),
                    iso(self.cell(object, row, "WHENPOSTED")),
                    text("CURRENCY"),
                    text("TRX_TOTALENTERED"),
                    text("STATE"),
                    at(self.cell(object, row, "AUWHENCREATED")),
                ));
            }
        }
        for row in self.table(GLBATCH).all() {
            if self.cell(GLBATCH, row, "PRBATCHKEY") != 0 {
                continue;
            }
            let entries = self.entries(row);
            let debit: Amount = entries
                .iter()
                .map(|e| self.signed(*e))
                .filter(|a| !a.is_negative())
                .sum();
            let currency = entries
                .first()
                .map(|e| self.text(GLENTRY, *e, "BASECURR"))
                .unwrap_or_default();
            csv.push_str(&format!(
                "GLBATCH,{},,{},{},{currency},{},{},{}\n",
                quoted(&self.text(GLBATCH, row, "REFERENCENO")),
                quoted(&self.text(GLBATCH, row, "BASELOCATION_NO")),
                iso(self.cell(GLBATCH, row, "BATCH_DATE")),
                debit.plain(),
                self.text(GLBATCH, row, "STATE"),
                at(self.cell(GLBATCH, row, "WHENCREATED")),
            ));
        }
        csv
    }
}

/// A cell of a CSV line, quoted where it must be.
pub(in crate::intacct) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
