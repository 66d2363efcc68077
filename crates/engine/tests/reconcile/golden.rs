//! Reads the golden company and makes evidence of it. Nothing here is computed by the code under test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use tieout_engine::reconcile::{
    Evidence, ExpectedDocument, IN_FLIGHT_WINDOW_MS, Progress, Request, SegmentPool, SourceBalance,
    SourceChart, SourceLine, SourceMember, TargetBalance, TargetChart, TargetLine, TargetMember,
};
use tieout_model::{
    AccountClass, Amount, Code, Currency, DocumentId, DocumentKind, EntityId, NaturalKey, Origin,
    Period, Stamp, SystemId, Timestamp,
};

pub(crate) type Row = BTreeMap<String, String>;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

pub(crate) fn rows(path: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(root().join(path)).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    Code::new(text)
}

pub(crate) fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp(instant.as_microsecond())
}

fn signed(row: &Row, debit: &str, credit: &str) -> Amount {
    amount(&row[debit]).minus(amount(&row[credit])).unwrap()
}

pub(crate) const SEGMENTS: [&str; 5] = [
    "company",
    "cost_center",
    "account",
    "product",
    "intercompany",
];

pub(crate) fn periods() -> Vec<Period> {
    let period = |row: Row| Period {
        name: row["period"].clone(),
        name_there: row["fusion_period_name"].clone(),
        fiscal_year: row["fiscal_year"].parse().unwrap(),
        number: row["period_no"].parse().unwrap(),
        start: row["start_date"].parse().unwrap(),
        end: row["end_date"].parse().unwrap(),
        is_adjusting: row["kind"] == "adjusting",
    };
    rows("master/periods.csv").into_iter().map(period).collect()
}

/// The snapshot of the golden files that belongs to each period.
pub(crate) const SNAPSHOTS: [(&str, &str, &str); 4] = [
    ("P11-2026", "P11-2026", "P11-2026"),
    ("P12-2026", "P12-2026", "P12-2026@close1"),
    ("ADJ-2026", "P12-2026+ADJ", "P12-2026+ADJ@close2"),
    ("P01-2027", "P01-2027", "P01-2027@close2"),
];

/// One entity's question and evidence, both sides identical.
pub(crate) struct Company {
    pub(crate) request: Request,
    pub(crate) evidence: Evidence,
}

struct Builder {
    entity: String,
    company: String,
    currency: Currency,
    pool: SegmentPool,
    documents: Vec<ExpectedDocument>,
}

pub(crate) fn company(entity: &str, report: &[&str]) -> Company {
    let entities = rows("master/entities.csv");
    let row = entities.iter().find(|r| r["entity_id"] == entity).unwrap();
    let mut builder = Builder {
        entity: entity.to_owned(),
        company: row["fusion_balancing_segment"].clone(),
        currency: row["base_currency"].parse().unwrap(),
        pool: SegmentPool::default(),
        documents: Vec::new(),
    };
    builder.opening();
    builder.documents();
    let members = builder.documents.iter().map(member_of).collect();
    let source_members = builder.documents.iter().map(source_member_of).collect();
    let evidence = Evidence {
        target_balances: builder.target_balances(),
        source_balances: builder.source_balances(),
        members,
        source_members: Some(source_members),
        expected: std::mem::take(&mut builder.documents),
    };
    Company {
        request: builder.request(report),
        evidence,
    }
}

impl Builder {
    fn request(&self, report: &[&str]) -> Request {
        let classes = |path| {
            let class = |row: Row| {
                let class: AccountClass = row["class"].parse().unwrap();
                (code(&row["account"]), class)
            };
            rows(path).into_iter().map(class).collect()
        };
        let closed_at = rows("master/periods.csv")
            .into_iter()
            .filter(|row| !row["intacct_closed_at"].is_empty())
            .map(|row| (row["period"].clone(), at(&row["intacct_closed_at"])));
        Request {
            entity: EntityId::new(&self.entity),
            balancing_segment: code(&self.company),
            currency: self.currency,
            snapshots: periods(),
            report: report.iter().map(|name| (*name).to_owned()).collect(),
            target_chart: TargetChart {
                natural_account: 2,
                balancing: 0,
                classes: classes("master/accounts_fusion.csv"),
                retained_earnings: ["100", "0000", "31000", "0000", "000"].map(code).to_vec(),
            },
            source_chart: SourceChart {
                classes: classes("master/accounts_intacct.csv"),
                retained_earnings: Some(code("3100")),
            },
            now: at("2027-02-10T00:00:00Z"),
            in_flight_window_ms: IN_FLIGHT_WINDOW_MS,
            closed_at: closed_at.collect(),
            excluded_sources: BTreeSet::new(),
            are_quantities_in_balances: false,
        }
    }

    fn opening(&mut self) {
        let text = std::fs::read_to_string(root().join("crosswalk/v1.json")).unwrap();
        let crosswalk: serde_json::Value = serde_json::from_str(&text).unwrap();
        let accounts = &crosswalk["lookups"]["account"];
        let (mut target_lines, mut source_lines) = (Vec::new(), Vec::new());
        for row in rows("inputs/opening_balances.csv") {
            let balance = amount(&row["balance"]);
            if row["entity_id"] != self.entity || balance.is_zero() {
                continue;
            }
            let account = accounts[&row["account"]].as_str().unwrap();
            let segments = [&self.company, "0000", account, "0000", "000"].map(code);
            target_lines.push(TargetLine {
                segments: self.pool.share(&segments),
                currency: self.currency,
                amount: balance,
                functional: balance,
            });
            source_lines.push(SourceLine {
                account: code(&row["account"]),
                is_statistical: false,
                functional: balance,
            });
        }
        let row = [
            ("document_id", "OPENING"),
            ("period", "P11-2026"),
            ("gl_date", "2026-11-30"),
            ("type", "opening"),
            ("party_id", ""),
            ("crosswalk_version", "v1"),
            ("created_at", "2026-11-30T09:00:00Z"),
            ("reverses_document_id", ""),
        ];
        let row = row.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let document = self.document(&Row::from(row), target_lines, source_lines);
        self.documents.push(document);
    }

    fn documents(&mut self) {
        let key = |row: &Row| (row["document_id"].clone(), row["line_no"].clone());
        let expected = rows("expected/fusion_lines.csv");
        let expected: BTreeMap<_, _> = expected.into_iter().map(|row| (key(&row), row)).collect();
        let mut lines = BTreeMap::<String, Vec<Row>>::new();
        for row in rows("inputs/document_lines.csv") {
            if row["entity_id"] == self.entity {
                let of = lines.entry(row["document_id"].clone()).or_default();
                of.push(row);
            }
        }
        for row in rows("inputs/documents.csv") {
            let Some(lines) = lines.get(&row["document_id"]) else {
                continue;
            };
            let (mut target_lines, mut source_lines, mut rate) = (Vec::new(), Vec::new(), None);
            for line in lines {
                let translated = &expected[&key(line)];
                let currency: Currency = line["txn_currency"].parse().unwrap();
                let segments = SEGMENTS.map(|name| code(&translated[name]));
                target_lines.push(TargetLine {
                    segments: self.pool.share(&segments),
                    currency,
                    amount: signed(line, "txn_debit", "txn_credit"),
                    functional: signed(translated, "accounted_debit", "accounted_credit"),
                });
                source_lines.push(SourceLine {
                    account: code(&line["account"]),
                    is_statistical: currency.is_statistical(),
                    functional: signed(line, "base_debit", "base_credit"),
                });
                if currency != self.currency && !currency.is_statistical() {
                    rate = Some(line["exchange_rate"].parse().unwrap());
                }
            }
            let mut document = self.document(&row, target_lines, source_lines);
            document.rate = rate;
            self.documents.push(document);
        }
    }

    fn document(
        &self,
        row: &Row,
        target_lines: Vec<TargetLine>,
        source_lines: Vec<SourceLine>,
    ) -> ExpectedDocument {
        let reversed = &row["reverses_document_id"];
        ExpectedDocument {
            document: DocumentId::of(&self.origin(&row["document_id"])),
            number: row["document_id"].clone(),
            kind: match row["type"].as_str() {
                "ap_bill" => DocumentKind::SupplierInvoice,
                _ => DocumentKind::JournalEntry,
            },
            party: row["party_id"].clone(),
            origin: self.origin(&row["document_id"]).to_string(),
            stamp: Stamp::of(&self.origin(&row["document_id"]), &SystemId::new("target")),
            progress: Progress::Posted,
            since: at(&row["created_at"]),
            accounting_date: row["gl_date"].parse().unwrap(),
            period: row["period"].clone(),
            crosswalk_version: row["crosswalk_version"].clone(),
            created_at: at(&row["created_at"]),
            reverses: (!reversed.is_empty()).then(|| DocumentId::of(&self.origin(reversed))),
            rate: None,
            target_lines,
            source_lines,
        }
    }

    fn origin(&self, document: &str) -> Origin {
        Origin {
            system: SystemId::new("source"),
            company: "wumbolt".to_owned(),
            natural_key: NaturalKey::new(format!("{document}/{}", self.entity)),
        }
    }

    fn target_balances(&mut self) -> BTreeMap<String, Vec<TargetBalance>> {
        let mut balances: BTreeMap<String, Vec<TargetBalance>> = empty();
        for row in rows("expected/tb_fusion.csv") {
            if row["company"] == self.company {
                let segments = SEGMENTS.map(|name| code(&row[name]));
                let of = balances.get_mut(period_of(&row["snapshot"])).unwrap();
                of.push(TargetBalance {
                    segments: self.pool.share(&segments),
                    currency: row["currency"].parse().unwrap(),
                    ending: amount(&row["balance"]),
                });
            }
        }
        balances
    }

    fn source_balances(&self) -> BTreeMap<String, Vec<SourceBalance>> {
        let mut balances: BTreeMap<String, Vec<SourceBalance>> = empty();
        for row in rows("expected/tb_entity.csv") {
            if row["entity_id"] == self.entity {
                let of = balances.get_mut(period_of(&row["snapshot"])).unwrap();
                of.push(SourceBalance {
                    account: code(&row["account"]),
                    currency: row["base_currency"].parse().unwrap(),
                    ending: amount(&row["balance_base"]),
                });
            }
        }
        balances
    }
}

fn empty<T>() -> BTreeMap<String, Vec<T>> {
    let names = SNAPSHOTS.iter().map(|(period, ..)| (*period).to_owned());
    names.map(|name| (name, Vec::new())).collect()
}

pub(crate) fn period_of(snapshot: &str) -> &'static str {
    let found = SNAPSHOTS.iter().find(|(.., golden)| *golden == snapshot);
    found.unwrap().0
}

/// The faithful record of a document.
pub(crate) fn member_of(document: &ExpectedDocument) -> TargetMember {
    let period = periods().into_iter().find(|p| p.name == document.period);
    let currency = document.target_lines.first().map(|line| line.currency);
    TargetMember {
        reference: format!("300-{}", document.number),
        number: document.number.clone(),
        stamp: Some(document.stamp.clone()),
        kind: document.kind,
        party: document.party.clone(),
        source: "tieout".to_owned(),
        accounting_date: document.accounting_date,
        period: period.map_or_else(|| document.period.clone(), |p| p.name_there),
        currency: currency.unwrap_or(Currency::STAT),
        rate: document.rate.clone(),
        is_accounted: true,
        lines: document.target_lines.clone(),
    }
}

/// The faithful re-reading of a document.
pub(crate) fn source_member_of(document: &ExpectedDocument) -> SourceMember {
    let debits = document.source_lines.iter();
    let debits = debits.filter(|line| !line.is_statistical && !line.functional.is_negative());
    SourceMember {
        document: document.document,
        number: document.number.clone(),
        kind: document.kind,
        period: document.period.clone(),
        total_debit: Amount::sum(debits.map(|line| line.functional)).unwrap(),
        lines: document.source_lines.clone(),
    }
}

impl Company {
    pub(crate) fn member(&mut self, number: &str) -> &mut TargetMember {
        let mut members = self.evidence.members.iter_mut();
        members.find(|member| member.number == number).unwrap()
    }

    pub(crate) fn expected(&mut self, number: &str) -> &mut ExpectedDocument {
        let mut documents = self.evidence.expected.iter_mut();
        documents.find(|d| d.number == number).unwrap()
    }

    pub(crate) fn remove_member(&mut self, number: &str) {
        let before = self.evidence.members.len();
        self.evidence.members.retain(|m| m.number != number);
        assert_eq!(self.evidence.members.len(), before - 1);
    }
}
