//! Writes a document into the books: its own object, its items, and one posting per entity it touches.
//!
//! Invariant: per entity the money lines of a posting sum to zero; a document that does not balance changes nothing.

use std::collections::BTreeMap;

use super::document::{DIMENSIONS, Document, Line, STATISTICAL, item_sign, record_type};
use super::schema::{
    APADJUSTMENT, APBILL, APPYMT, ARINVOICE, ARPYMT, GLBATCH, GLENTRY, GLJOURNAL, TableId, lines_of,
};
use super::table::{INLINE, narrow};
use super::{Books, Stamp};
use crate::intacct::amount::Amount;

/// Where a document stands in the books.
#[derive(Debug, Clone, Default)]
pub(in crate::intacct) struct Place {
    /// Its own object's row, if it has one.
    pub(in crate::intacct) header: Option<(TableId, u32)>,
    /// Rows of its postings.
    pub(in crate::intacct) batches: Vec<u32>,
}

/// Money lines of one entity, or its statistical lines.
type Group<'a> = ((u32, bool), Vec<&'a Line>);

impl Books {
    /// Writes a document. `reuse` names rows of an earlier version (their lines already taken out) to be filled again.
    ///
    /// # Errors
    /// Words naming the field: an unknown entity or account, a closed period, lines that do not balance.
    pub(in crate::intacct) fn write(
        &mut self,
        doc: &Document,
        reuse: &Place,
        stamp: Stamp,
    ) -> Result<Place, String> {
        if doc.rule.journal.is_empty() {
            return Ok(Place::default());
        }
        let groups = self.check(doc)?;
        let period = self.periods_of(doc, &groups)?;
        let (header, prbatch) = self.write_header(doc, reuse, stamp)?;
        let mut batches = Vec::new();
        for ((entity, statistical), lines) in &groups {
            let found = reuse.batches.iter().copied().find(|b| {
                self.cell(GLBATCH, *b, "BASELOCATION_NO") == *entity
                    && (self.text(GLBATCH, *b, "JOURNAL") == "STJ") == *statistical
            });
            let batch =
                self.write_batch(doc, (*entity, *statistical), period, prbatch, found, stamp);
            self.write_entries(doc, batch, period, lines, stamp);
            batches.push(batch);
        }
        for left in reuse.batches.iter().filter(|b| !batches.contains(b)) {
            self.remove(GLBATCH, *left);
            self.audit(GLBATCH, *left, "D", stamp);
        }
        let place = Place { header, batches };
        if doc.reverses != 0 {
            self.link_reversal(&place.batches, doc.reverses);
        }
        Ok(place)
    }

    /// Groups lines by entity and kind after checking them.
    fn check<'a>(&self, doc: &'a Document) -> Result<Vec<Group<'a>>, String> {
        if doc.lines.is_empty() {
            return Err("lines: the document has none".to_owned());
        }
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut sums: BTreeMap<u32, Amount> = BTreeMap::new();
        for (index, line) in doc.lines.iter().enumerate() {
            let at = index + 1;
            if self.entity_of(line.entity).is_none() {
                return Err(format!(
                    "line {at}: entity_id: no entity {}",
                    self.pool.get(line.entity)
                ));
            }
            let Some(account) = self.accounts.get(&line.account) else {
                return Err(format!(
                    "line {at}: account: no account {}",
                    self.pool.get(line.account)
                ));
            };
            if account.statistical != line.statistical {
                return Err(format!(
                    "line {at}: account {} and currency {STATISTICAL} do not go together",
                    self.pool.get(line.account)
                ));
            }
            let key = (line.entity, line.statistical);
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, lines)) => lines.push(line),
                None => groups.push((key, vec![line])),
            }
            if !line.statistical {
                let sum = sums.entry(line.entity).or_default();
                *sum = *sum + line.base;
            }
        }
        for (entity, sum) in sums {
            if !sum.is_zero() {
                let entity = self.pool.get(entity);
                return Err(format!(
                    "the lines of {entity} do not balance: debit less credit is {}",
                    sum.plain()
                ));
            }
        }
        Ok(groups)
    }

    fn periods_of(&self, doc: &Document, groups: &[Group<'_>]) -> Result<usize, String> {
        let mut period = None;
        for ((entity, _), _) in groups {
            let entity = self.pool.get(*entity);
            period = Some(self.open_period(entity, doc.rule.module, doc.gl_date, doc.adjusting)?);
        }
        period.ok_or_else(|| "lines: the document has none".to_owned())
    }

    /// Position of the control line of a payables or receivables document.
    fn control(&self, object: TableId, lines: &[Line]) -> usize {
        let side = if object <= APPYMT { APBILL } else { ARINVOICE };
        let known = self.control_accounts.get(&side);
        lines
            .iter()
            .rposition(|l| known.is_some_and(|k| k.contains(&l.account)))
            .unwrap_or(lines.len().saturating_sub(1))
    }

    fn write_header(
        &mut self,
        doc: &Document,
        reuse: &Place,
        stamp: Stamp,
    ) -> Result<(Option<(TableId, u32)>, u32), String> {
        let Some(object) = doc.rule.object else {
            let prbatch = if doc.rule.kind == "ap_bill_void" {
                self.void_bill(doc, stamp)?
            } else {
                0
            };
            return Ok((None, prbatch));
        };
        let control = self.control(object, &doc.lines);
        let account = doc.lines.get(control).map_or(0, |l| l.account);
        if object == APBILL || object == ARINVOICE {
            self.control_accounts
                .entry(object)
                .or_default()
                .insert(account);
        }
        let (base, trx) = header_total(object, doc, control, account);
        let old = reuse.header.map(|(_, row)| row);
        let prbatch = match old {
            Some(row) => self.cell(object, row, "PRBATCHKEY"),
            None => {
                self.last_prbatch += 1;
                INLINE | self.last_prbatch
            }
        };
        let fields = self.header_fields(doc, object, (base, trx), prbatch);
        let row = match old {
            Some(row) => {
                for (name, cell) in &fields {
                    self.set(object, row, name, *cell);
                }
                self.touch(object, row, stamp);
                row
            }
            None => {
                let row = self.insert(object, &fields);
                self.set(object, row, "AUWHENCREATED", INLINE | stamp.moment);
                self.set(object, row, "CREATEDBY", INLINE | stamp.user);
                self.touch(object, row, stamp);
                if !stamp.audited {
                    self.sometimes_unstamped(object, row);
                }
                row
            }
        };
        self.audit(object, row, if old.is_some() { "M" } else { "C" }, stamp);
        if !matches!(object, APPYMT | ARPYMT) {
            self.write_items(doc, object, row, control, stamp);
        }
        Ok((Some((object, row)), prbatch))
    }

    fn header_fields(
        &mut self,
        doc: &Document,
        object: TableId,
        (base, trx): (Amount, Amount),
        prbatch: u32,
    ) -> Vec<(&'static str, u32)> {
        let party = if object <= APPYMT {
            "VENDORID"
        } else {
            "CUSTOMERID"
        };
        let currency = self
            .entity_of(doc.entity)
            .map_or(String::new(), |e| e.currency.clone());
        let basecurr = self.word(&currency);
        let rate = doc
            .lines
            .iter()
            .find(|l| l.currency == doc.currency)
            .map_or(0, |l| l.rate);
        let payment = matches!(object, APPYMT | ARPYMT);
        let (base_text, trx_text) = (self.decimal(base), self.decimal(trx));
        let zero = self.word("0");
        let (paid, due) = if payment {
            (base_text, zero)
        } else {
            (zero, base_text)
        };
        let (trx_paid, trx_due) = if payment {
            (trx_text, zero)
        } else {
            (zero, trx_text)
        };
        let batch = format!("{} {}", record_type(object), prbatch & !INLINE);
        vec![
            ("RECORDTYPE", self.word(record_type(object))),
            ("RECORDID", doc.id),
            (party, doc.party),
            ("STATE", self.word("Posted")),
            ("WHENCREATED", INLINE | doc.date),
            ("RECEIPTDATE", INLINE | doc.gl_date),
            ("WHENPOSTED", INLINE | doc.gl_date),
            ("WHENDUE", if doc.due == 0 { 0 } else { INLINE | doc.due }),
            ("DOCNUMBER", doc.reference),
            ("DESCRIPTION", doc.description),
            ("CURRENCY", doc.currency),
            ("BASECURR", basecurr),
            ("EXCHANGE_RATE", rate),
            ("EXCH_RATE_DATE", INLINE | doc.date),
            ("TOTALENTERED", base_text),
            ("TOTALPAID", paid),
            ("TOTALDUE", due),
            ("TRX_TOTALENTERED", trx_text),
            ("TRX_TOTALPAID", trx_paid),
            ("TRX_TOTALDUE", trx_due),
            ("PRBATCHKEY", prbatch),
            ("PRBATCH", self.word(&batch)),
            ("MODULEKEY", self.word(doc.rule.module)),
            ("ONHOLD", self.word("false")),
            ("SUPDOCID", doc.supdoc),
            ("SYSTEMGENERATED", self.word("F")),
            ("MEGAENTITYID", doc.entity),
        ]
    }

    fn write_items(
        &mut self,
        doc: &Document,
        object: TableId,
        header: u32,
        control: usize,
        stamp: Stamp,
    ) {
        let Some((items, _, _)) = lines_of(object) else {
            return;
        };
        let offset = doc.lines.get(control).map_or(0, |l| l.account);
        let turn = item_sign(object) < 0;
        let mut number = 0;
        for (index, line) in doc.lines.iter().enumerate() {
            if index == control {
                continue;
            }
            number += 1;
            let (base, trx) = if turn {
                (-line.base, -line.trx)
            } else {
                (line.base, line.trx)
            };
            let currency = self
                .entity_of(line.entity)
                .map_or(String::new(), |e| e.currency.clone());
            let mut fields = vec![
                ("RECORDKEY", INLINE | (header + 1)),
                ("LINE_NO", INLINE | number),
                ("ACCOUNTNO", line.account),
                ("OFFSETGLACCOUNTNO", offset),
                ("AMOUNT", self.decimal(base)),
                ("TRX_AMOUNT", self.decimal(trx)),
                ("ENTRYDESCRIPTION", line.memo),
                ("ENTRY_DATE", INLINE | doc.gl_date),
                ("CURRENCY", line.currency),
                ("BASECURR", self.word(&currency)),
                ("EXCHANGE_RATE", line.rate),
                ("EXCH_RATE_DATE", INLINE | doc.date),
                ("WHENCREATED", INLINE | stamp.moment),
                ("WHENMODIFIED", INLINE | stamp.moment),
                ("MEGAENTITYID", doc.entity),
            ];
            for (at, (_, _, field)) in DIMENSIONS.iter().enumerate() {
                fields.push((field, line.dims[at]));
            }
            let row = self.insert(items, &fields);
            self.write_custom(items, row, line);
        }
    }

    fn write_custom(&mut self, id: TableId, row: u32, line: &Line) {
        for (at, cell) in line
            .custom
            .iter()
            .enumerate()
            .filter(|(_, cell)| **cell != 0)
        {
            let field = self.custom.get(at).map(|(name, _)| format!("GLDIM{name}"));
            self.set(id, row, &field.unwrap_or_default(), *cell);
        }
    }

    fn write_batch(
        &mut self,
        doc: &Document,
        (entity, statistical): (u32, bool),
        period: usize,
        prbatch: u32,
        found: Option<u32>,
        stamp: Stamp,
    ) -> u32 {
        let journal = if statistical {
            "STJ".to_owned()
        } else if doc.adjusting {
            "ADJJ".to_owned()
        } else if doc.journal != 0 {
            self.pool.get(doc.journal).to_owned()
        } else {
            doc.rule.journal.to_owned()
        };
        let module = if statistical || doc.adjusting {
            "2.GL"
        } else {
            doc.rule.module
        };
        let adjusting = self
            .find(GLJOURNAL, "SYMBOL", &journal)
            .is_some_and(|row| self.text(GLJOURNAL, row, "ADJ") == "true");
        let fields = vec![
            ("BATCH_TITLE", doc.description),
            ("BATCH_DATE", INLINE | doc.gl_date),
            ("JOURNAL", self.word(&journal)),
            ("MODULE", self.word(module)),
            ("ADJ", self.word(if adjusting { "true" } else { "false" })),
            ("STATE", self.word("Posted")),
            ("REFERENCENO", doc.id),
            ("BASELOCATION_NO", entity),
            ("BALANCE", self.word("0")),
            ("PRBATCHKEY", prbatch),
            ("SUPDOCID", doc.supdoc),
            ("MEGAENTITYID", entity),
            ("_PERIOD", Self::count(period)),
            ("_BOOK", self.word("ACCRUAL")),
        ];
        match found {
            Some(row) => {
                for (name, cell) in &fields {
                    self.set(GLBATCH, row, name, *cell);
                }
                self.touch(GLBATCH, row, stamp);
                self.audit(GLBATCH, row, "M", stamp);
                row
            }
            None => {
                let row = self.insert(GLBATCH, &fields);
                let number = self.journal_numbers.entry(journal).or_default();
                *number += 1;
                let number = INLINE | *number;
                self.set(GLBATCH, row, "BATCHNO", number);
                self.set(GLBATCH, row, "WHENCREATED", INLINE | stamp.moment);
                self.set(GLBATCH, row, "CREATEDBY", INLINE | stamp.user);
                self.touch(GLBATCH, row, stamp);
                self.audit(GLBATCH, row, "C", stamp);
                row
            }
        }
    }

    fn write_entries(
        &mut self,
        doc: &Document,
        batch: u32,
        period: usize,
        lines: &[&Line],
        stamp: Stamp,
    ) {
        let statistical = lines.first().is_some_and(|l| l.statistical);
        for (index, line) in lines.iter().enumerate() {
            let credit = line.base.is_negative() || (line.base.is_zero() && line.trx.is_negative());
            let currency = self
                .entity_of(line.entity)
                .map_or(String::new(), |e| e.currency.clone());
            let basecurr = self.word(&currency);
            let mut fields = vec![
                ("BATCHNO", INLINE | (batch + 1)),
                ("LINE_NO", INLINE | narrow(index + 1)),
                ("ENTRY_DATE", INLINE | doc.gl_date),
                ("TR_TYPE", self.word(if credit { "-1" } else { "1" })),
                ("ACCOUNTNO", line.account),
                ("AMOUNT", self.decimal(line.base.abs())),
                ("TRX_AMOUNT", self.decimal(line.trx.abs())),
                ("CURRENCY", line.currency),
                (
                    "BASECURR",
                    if statistical { line.currency } else { basecurr },
                ),
                ("EXCHANGE_RATE", line.rate),
                ("EXCH_RATE_DATE", INLINE | doc.date),
                ("DOCUMENT", doc.id),
                ("DESCRIPTION", line.memo),
                (
                    "STATISTICAL",
                    self.word(if statistical { "true" } else { "false" }),
                ),
                ("AFFILIATEENTITY", line.affiliate),
                ("_ENTITY", line.entity),
                ("WHENCREATED", INLINE | stamp.moment),
                ("WHENMODIFIED", INLINE | stamp.moment),
                ("CREATEDBY", INLINE | stamp.user),
                ("MODIFIEDBY", INLINE | stamp.user),
                ("MEGAENTITYID", line.entity),
            ];
            for (at, (_, field, _)) in DIMENSIONS.iter().enumerate() {
                fields.push((field, line.dims[at]));
            }
            let row = self.insert(GLENTRY, &fields);
            self.write_custom(GLENTRY, row, line);
            let period = u16::try_from(period).unwrap_or(u16::MAX);
            self.total((line.entity, line.account, period), line.base, false);
        }
    }

    /// Marks a bill as reversed; answers its PRBATCHKEY.
    fn void_bill(&mut self, doc: &Document, stamp: Stamp) -> Result<u32, String> {
        let id = self.pool.get(doc.reverses).to_owned();
        let found = self.rows_with(APBILL, "RECORDID", doc.reverses);
        let bill = found
            .into_iter()
            .find(|row| doc.party == 0 || self.cell(APBILL, *row, "VENDORID") == doc.party)
            .ok_or_else(|| format!("reverses_document_id: no bill {id}"))?;
        if self.text(APBILL, bill, "STATE") == "Reversed" {
            return Err(format!(
                "reverses_document_id: bill {id} is already reversed"
            ));
        }
        let (state, zero) = (self.word("Reversed"), self.word("0"));
        self.set(APBILL, bill, "STATE", state);
        self.set(APBILL, bill, "TOTALDUE", zero);
        self.set(APBILL, bill, "TRX_TOTALDUE", zero);
        self.touch(APBILL, bill, stamp);
        self.audit(APBILL, bill, "M", stamp);
        Ok(self.cell(APBILL, bill, "PRBATCHKEY"))
    }

    /// Ties reversing postings to the reversed ones, entity by entity. False if there is nothing to tie to.
    pub(in crate::intacct) fn link_reversal(&mut self, batches: &[u32], reversed: u32) -> bool {
        let mut all = true;
        for batch in batches {
            let entity = self.cell(GLBATCH, *batch, "BASELOCATION_NO");
            let statistical = self.text(GLBATCH, *batch, "JOURNAL") == "STJ";
            let original = self
                .rows_with(GLBATCH, "REFERENCENO", reversed)
                .into_iter()
                .find(|row| {
                    self.cell(GLBATCH, *row, "BASELOCATION_NO") == entity
                        && (self.text(GLBATCH, *row, "JOURNAL") == "STJ") == statistical
                        && self.cell(GLBATCH, *row, "REVERSEDFROM") == 0
                });
            let Some(original) = original else {
                all = false;
                continue;
            };
            let date = self.cell(GLBATCH, *batch, "BATCH_DATE");
            self.set(GLBATCH, *batch, "REVERSEDFROM", INLINE | (original + 1));
            self.set(GLBATCH, original, "REVERSED", date);
            self.set(GLBATCH, original, "REVERSEDKEY", INLINE | (*batch + 1));
        }
        all
    }

    /// Stamps a row as changed now.
    pub(in crate::intacct) fn touch(&mut self, id: TableId, row: u32, stamp: Stamp) {
        self.set(id, row, "WHENMODIFIED", INLINE | stamp.moment);
        self.set(id, row, "MODIFIEDBY", INLINE | stamp.user);
    }

    /// Leaves WHENMODIFIED of some loaded documents empty, where the options say so.
    fn sometimes_unstamped(&mut self, id: TableId, row: u32) {
        let every = self.options.null_whenmodified_every;
        if every > 0 && (row + 1).is_multiple_of(every) && (APBILL..=ARPYMT).contains(&id) {
            self.set(id, row, "WHENMODIFIED", 0);
        }
    }
}

/// Total of a header in base and document currency: the items' sum, or what a payment moves on the control account.
fn header_total(object: TableId, doc: &Document, control: usize, account: u32) -> (Amount, Amount) {
    if matches!(object, APPYMT | ARPYMT) {
        let moved = || doc.lines.iter().filter(move |l| l.account == account);
        return (
            moved().map(|l| l.base).sum::<Amount>().abs(),
            moved().map(|l| l.trx).sum::<Amount>().abs(),
        );
    }
    let items = || {
        doc.lines
            .iter()
            .enumerate()
            .filter(move |(i, _)| *i != control)
            .map(|(_, l)| l)
    };
    let (base, trx): (Amount, Amount) =
        (items().map(|l| l.base).sum(), items().map(|l| l.trx).sum());
    // An item reads positive where it adds to what the document is for.
    let turn = item_sign(object) < 0;
    debug_assert!(object != APADJUSTMENT || turn);
    if turn { (-base, -trx) } else { (base, trx) }
}
