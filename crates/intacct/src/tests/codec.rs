#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;

use tieout_connector::Captured;
use tieout_model::{
    Code, Dimensional, Document, DocumentKind, Envelope, JournalPurpose, NaturalKey, PostingKind,
    SystemId,
};

use super::fixture;
use crate::civil_time::{self, Zone};
use crate::config::IntacctConfig;
use crate::documents::{LineColumns, Reading, Record, journal_entry, supplier_invoice};
use crate::lines::Lines;
use crate::query::{Authentication, Filter, Query, Sender, envelope, session};
use crate::tenant::Entities;
use crate::tests::answer;
use crate::xml::answer::Table;

fn table(body: &str) -> Table {
    let mut read = answer(body.as_bytes()).unwrap();
    read.results.remove(0).data
}

fn config() -> IntacctConfig {
    IntacctConfig::new(SystemId::new("intacct"), "https://api.intacct.com/", "ACME")
        .with_custom_dimension("region", "GLDIMREGION")
}

fn entities() -> Entities {
    Entities::of(&[("1", "E100", "USD"), ("2", "E400", "JPY")])
}

fn lines(body: &str, config: &IntacctConfig, object: &str, parent: &str) -> Lines {
    let table = table(body);
    let columns = LineColumns::of(&table, config, object);
    let mut lines = Lines::default();
    lines.push(table, columns, parent);
    lines
}

fn invoices(kind: DocumentKind, config: &IntacctConfig) -> Vec<Captured> {
    let (object, item, page, items) = match kind {
        DocumentKind::SupplierCredit => (
            "APADJUSTMENT",
            "APADJUSTMENTITEM",
            fixture!("credit/page.response.xml"),
            fixture!("credit/items.response.xml"),
        ),
        _ => (
            "APBILL",
            "APBILLITEM",
            fixture!("bill/page.response.xml"),
            fixture!("bill/items.response.xml"),
        ),
    };
    let entities = entities();
    let reading = Reading {
        config,
        entities: &entities,
        zone: Zone(-480),
    };
    let (page, lines) = (table(page), lines(items, config, item, "RECORDKEY"));
    let columns = supplier_invoice::HeaderColumns::of(&page);
    page.rows()
        .map(|header| {
            let lines = lines.of(header.named("RECORDNO"));
            let record = Record { header, lines };
            supplier_invoice::decode(&reading, &columns, kind, object, &record)
        })
        .collect()
}

fn envelope_of(captured: &Captured) -> &Envelope {
    match captured {
        Captured::Document(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

fn problem(captured: &Captured) -> &str {
    match captured {
        Captured::Malformed { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

fn squeezed(text: &str) -> String {
    let parts = text.split('>').map(|part| part.trim_start());
    parts.collect::<Vec<_>>().join(">").trim_end().to_owned()
}

#[test]
fn requests_are_written_as_documented() {
    let sender = Sender {
        id: "acme_ws",
        password: "sender-secret",
    };
    let login = Authentication::Login {
        user: "ws_user",
        company: "ACME",
        password: "pw & <more>",
        location: None,
    };
    let written = envelope(&sender, &login, &session(), "s1");
    assert_eq!(
        squeezed(&written),
        squeezed(fixture!("session/login.request.xml"))
    );

    let at = "01/31/2026 00:00:00";
    let query = Query {
        object: "APBILL",
        fields: &["RECORDNO", "RECORDID", "WHENMODIFIED"].map(str::to_owned),
        filter: Filter::And(vec![
            Filter::within("STATE", ["Posted", "Paid"]),
            Filter::Or(vec![
                Filter::above("WHENMODIFIED", at),
                Filter::And(vec![
                    Filter::equal("WHENMODIFIED", at),
                    Filter::above("RECORDNO", "42"),
                ]),
            ]),
        ]),
        order: &["WHENMODIFIED", "RECORDNO"],
        page_size: 2000,
        offset: 0,
        shows_private: true,
    };
    let session = Authentication::Session("fAkEsEsSiOn..");
    let written = envelope(&sender, &session, &query.function(), "r");
    assert_eq!(
        squeezed(&written),
        squeezed(fixture!("bill/page.request.xml"))
    );
}

#[test]
fn a_bill_is_read_with_all_it_says() {
    let config = config();
    let captured = invoices(DocumentKind::SupplierInvoice, &config);
    let envelope = envelope_of(&captured[0]);
    assert_eq!(envelope.origin.to_string(), "intacct/ACME/APBILL/4711");
    assert_eq!(envelope.number, "B-1");
    assert_eq!(envelope.aliases, [NaturalKey::new("PRBATCH/77")]);
    assert_eq!(envelope.revision.as_str().len(), 16);
    let utc = civil_time::second("12/03/2026 09:00:00", Zone(0)).unwrap();
    assert_eq!(envelope.modified, civil_time::instant(utc));
    let Document::SupplierInvoice(bill) = &envelope.document else {
        panic!("no bill");
    };
    assert_eq!(bill.total().to_string(), "1199.50");
    let draft = bill.draft();
    assert_eq!(draft.reference, "R & D's");
    assert_eq!(draft.description, "Rent & hosting");
    assert_eq!(draft.document_date, jiff::civil::date(2026, 12, 3));
    assert_eq!(draft.accounting_date, jiff::civil::date(2026, 12, 4));
    assert_eq!(draft.due_date, Some(jiff::civil::date(2027, 1, 2)));
    assert_eq!(draft.rate, None);
    let coding: &Dimensional = draft.lines[0].coding.dimensional().unwrap();
    let expected: BTreeMap<String, Code> = [
        ("department", "D100"),
        ("location", "E100"),
        ("region", "RG-AMER"),
    ]
    .map(|(name, value)| (name.to_owned(), Code::new(value)))
    .into();
    assert_eq!(coding.dimensions, expected);
    let control = draft.control.dimensional().unwrap();
    assert_eq!(control.account.as_str(), "2000");
    assert_eq!(control.dimensions["vendor"].as_str(), "VE-01");
    assert_eq!(control.dimensions["location"].as_str(), "E100");
}

#[test]
fn a_bill_in_foreign_currency_keeps_its_rate_character_for_character() {
    let captured = invoices(DocumentKind::SupplierInvoice, &config());
    let Document::SupplierInvoice(bill) = &envelope_of(&captured[1]).document else {
        panic!("no bill");
    };
    assert_eq!(bill.draft().rate.as_ref().unwrap().text(), "162.7528005975");
    assert_eq!(bill.functional_total().to_string(), "976517");
    assert_eq!(bill.total().to_string(), "6000.00");
}

#[test]
fn a_credit_is_below_zero() {
    let captured = invoices(DocumentKind::SupplierCredit, &config());
    let envelope = envelope_of(&captured[0]);
    assert_eq!(envelope.document.kind(), DocumentKind::SupplierCredit);
    let facts = envelope.document.lines().unwrap();
    let amounts: Vec<String> = facts.iter().map(|f| f.functional.to_string()).collect();
    assert_eq!(amounts, ["-25.00", "25.00"]);
    assert!(envelope.aliases.is_empty());
}

fn flawed(change: impl Fn(&str) -> String, items: impl Fn(&str) -> String) -> Captured {
    let config = config();
    let entities = entities();
    let reading = Reading {
        config: &config,
        entities: &entities,
        zone: Zone(0),
    };
    let page = table(&change(fixture!("bill/page.response.xml")));
    let items = items(fixture!("bill/items.response.xml"));
    let lines = lines(&items, &config, "APBILLITEM", "RECORDKEY");
    let columns = supplier_invoice::HeaderColumns::of(&page);
    let header = page.row(0).unwrap();
    let record = Record {
        header,
        lines: lines.of("4711"),
    };
    let kind = DocumentKind::SupplierInvoice;
    supplier_invoice::decode(&reading, &columns, kind, "APBILL", &record)
}

#[test]
fn what_keeps_a_bill_from_being_one_is_said() {
    let same = |text: &str| text.to_owned();
    let header = |from: &'static str, to: &'static str| {
        problem(&flawed(|text| text.replacen(from, to, 1), same)).to_owned()
    };
    let item = |from: &'static str, to: &'static str| {
        problem(&flawed(same, |text| text.replacen(from, to, 1))).to_owned()
    };
    assert!(header("<WHENCREATED>12/03/2026", "<WHENCREATED>2026-12-03").contains("WHENCREATED"));
    assert!(header("<CURRENCY>USD", "<CURRENCY>usd").contains("currency"));
    assert!(header("<CURRENCY>USD", "<CURRENCY>EUR").contains("no rate from EUR to USD"));
    assert!(header("<BASECURR>USD", "<BASECURR>EUR").contains("keeps its books in USD"));
    assert!(header("<MEGAENTITYID>E100", "<MEGAENTITYID>E777").contains("entity"));
    assert!(header("<TOTALENTERED>1199.5", "<TOTALENTERED>1299.5").contains("1199.50"));
    assert!(header("<VENDORID>VE-01", "<VENDORID>").contains("supplier"));
    assert!(header("<WHENMODIFIED>12/03", "<WHENMODIFIED>13/03").contains("stamp"));
    assert!(item("<OFFSETGLACCOUNTNO>2000", "<OFFSETGLACCOUNTNO>2001").contains("line 1 on 2001"));
    assert!(item("<OFFSETGLACCOUNTNO>2000", "<OFFSETGLACCOUNTNO>").contains("line 1"));
    assert!(item("<AMOUNT>1800<", "<AMOUNT>1e3<").contains("line 1"));
    assert!(item("<TRX_AMOUNT>1800<", "<TRX_AMOUNT>0.001<").contains("decimals"));
    assert!(item("<LINE_NO>2", "<LINE_NO>1").contains("two lines have the number 1"));
    assert!(item("<LINE_NO>1", "<LINE_NO>0").contains("number \"0\""));
    assert!(item("<ACCOUNTNO>6100", "<ACCOUNTNO>").contains("line 1: it has no account"));
}

#[test]
fn an_entity_that_is_not_named_is_the_one_location_of_all_items() {
    let blank = |text: &str| text.replacen("<MEGAENTITYID>E100", "<MEGAENTITYID>", 1);
    let captured = flawed(blank, |text| text.to_owned());
    let entity = envelope_of(&captured).document.entity().unwrap().clone();
    assert_eq!(entity.as_str(), "E100");
    let apart = |text: &str| text.replacen("<LOCATIONID>E100", "<LOCATIONID>E400", 1);
    assert!(problem(&flawed(blank, apart)).contains("entity"));
}

fn entries() -> Vec<Captured> {
    let config = config();
    let entities = entities();
    let reading = Reading {
        config: &config,
        entities: &entities,
        zone: Zone(0),
    };
    let page = table(fixture!("journal/page.response.xml"));
    let lines = lines(
        fixture!("journal/entries.response.xml"),
        &config,
        "GLENTRY",
        "BATCHNO",
    );
    let columns = journal_entry::HeaderColumns::of(&page, &config);
    let batches = BTreeMap::from([("400".to_owned(), "77".to_owned())]);
    page.rows()
        .map(|header| {
            let lines = lines.of(header.named("RECORDNO"));
            journal_entry::decode(&reading, &columns, &batches, &Record { header, lines })
        })
        .collect()
}

#[test]
fn journal_entries_are_read_with_sides_and_purpose() {
    let captured = entries();
    let entry = |index: usize| match &envelope_of(&captured[index]).document {
        Document::JournalEntry(entry) => entry.draft().clone(),
        other => panic!("{other:?}"),
    };
    let accrual = entry(0);
    assert_eq!(accrual.purpose, JournalPurpose::Standard);
    assert_eq!(accrual.lines[0].functional.to_string(), "3678.67");
    assert_eq!(accrual.lines[1].amount.to_string(), "-4000.00");
    assert_eq!(
        accrual.lines[0].rate.as_ref().unwrap().text(),
        "0.9196670805"
    );
    let affiliate = &accrual.lines[0].coding.dimensional().unwrap().affiliate;
    assert_eq!(affiliate.as_ref().unwrap().as_str(), "E200");
    assert_eq!(
        accrual.lines[1].coding.dimensional().unwrap().affiliate,
        None
    );
    let void = entry(1);
    assert_eq!(void.posting_kind, PostingKind::SupplierReversal);
    assert_eq!(void.purpose, JournalPurpose::Reversal);
    let reversed = [
        NaturalKey::new("GLBATCH/400"),
        NaturalKey::new("PRBATCH/77"),
    ];
    assert_eq!(void.reverses, reversed);
    let quantities = entry(2);
    assert_eq!(quantities.purpose, JournalPurpose::Statistical);
    assert_eq!(quantities.lines[0].functional.to_string(), "4");
}

#[test]
fn an_entry_that_is_none_is_held_and_the_page_goes_on() {
    let captured = entries();
    assert_eq!(captured.len(), 6);
    assert!(problem(&captured[3]).contains("out of balance by 0.01 USD in entity E100"));
    assert!(problem(&captured[4]).contains("journal \"XYZ\" is not configured"));
    assert!(problem(&captured[5]).contains("no entity"));
}

#[test]
fn lookups_and_formats_are_read() {
    let fields = table(fixture!("tenant/fields.response.xml"));
    let column = fields.column("Fields.Field.ID");
    let ids: Vec<&str> = fields.row(0).unwrap().repeated(column).collect();
    assert_eq!(ids, ["RECORDNO", "STATE"]);
    let formatting = table(fixture!("tenant/formatting.response.xml"));
    let row = formatting.row(0).unwrap();
    assert_eq!(row.named("gmtoffset"), "-8");
    let entities = table(fixture!("tenant/entities.response.xml"));
    assert_eq!(entities.row_name, "LOCATIONENTITY");
    assert_eq!(entities.list_type, "LOCATIONENTITY");
    assert_eq!(entities.len(), 2);
}

#[test]
fn the_same_document_has_the_same_revision_however_its_amounts_are_written() {
    let plain = flawed(str::to_owned, str::to_owned);
    let zeros = flawed(str::to_owned, |text| {
        text.replacen("<AMOUNT>1800<", "<AMOUNT>1800.00<", 1)
    });
    let (plain, zeros) = (envelope_of(&plain), envelope_of(&zeros));
    assert_eq!(plain.revision, zeros.revision);
    assert_ne!(plain.evidence, zeros.evidence);
}
