//! The company of one world as a folder: master data, mapping and the documents that exist at the start.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::ledger::{Books, ENTITIES, SourceDocument, State, day_of, decimals, iso, plain};
use super::make::{Maker, STRANGER, UNMAPPED};
use super::sched::Rng;

/// One period.
#[derive(Debug, Clone)]
pub(crate) struct Month {
    pub(crate) name: String,
    /// Fiscal year; it ends with the second month, wherever that is in the calendar.
    pub(crate) year: i16,
    pub(crate) number: i16,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) is_adjusting: bool,
}

/// What a world is made of.
pub(crate) struct Company {
    pub(crate) entities: Vec<usize>,
    pub(crate) months: Vec<Month>,
    /// From this day the second crosswalk version holds.
    pub(crate) second_version_from: i64,
    /// When the world begins, milliseconds since 1970.
    pub(crate) epoch_ms: i64,
    /// Virtual days in which people act.
    pub(crate) days: i64,
    pub(crate) books: Books,
    pub(crate) openings: Vec<(usize, i128)>,
    pub(crate) maker: Maker,
    pub(crate) wanted: usize,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Company {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::of(seed, "company");
        let count = rng.between(3, 6) as usize;
        let entities: Vec<usize> = (0..count).collect();
        // A new year, a leap day, and both changes of summer time.
        let (year, month) = *rng.pick(&[(2026_i16, 11_i8), (2028, 1), (2027, 2), (2027, 9)]);
        let months = months(year, month);
        let regular: Vec<&Month> = months.iter().filter(|m| !m.is_adjusting).collect();
        let days = rng.between(3, 40);
        let start_day = regular[2].first - rng.between(2, days.min(12));
        let adjusting = months.iter().find(|m| m.is_adjusting).unwrap().first;
        let maker = Maker::new(
            (Rng::of(seed, "documents"), Rng::of(seed, "dust")),
            entities.clone(),
            (regular[0].first, start_day - 1),
            adjusting,
        );
        let wanted = if rng.chance(1_000) {
            rng.between(200, 400)
        } else {
            rng.between(40, 160)
        };
        let mut company = Self {
            second_version_from: regular[2].first,
            epoch_ms: start_day * 86_400_000 + rng.between(0, 86_399_999),
            days,
            books: Books::new(),
            openings: entities
                .iter()
                .map(|e| (*e, i128::from(rng.between(1, 9_000_000))))
                .collect(),
            maker,
            entities,
            months,
            wanted: wanted as usize,
        };
        let at_start = company.wanted / 2;
        while company.books.len() < at_start {
            let (number, document) = company.maker.next(&ENTITIES, None);
            company.books.insert(number, document);
        }
        for (entity, amount) in company.openings.clone() {
            let document = opening(&company, entity, amount);
            let number = format!("OPENING-{}", ENTITIES[entity].id);
            company.books.insert(number, document);
        }
        company
    }

    /// Writes the folder that both twins load.
    pub(crate) fn write(&self, root: &Path) {
        let golden = golden();
        for part in ["master", "inputs", "crosswalk"] {
            fs::create_dir_all(root.join(part)).unwrap();
        }
        for name in [
            "accounts_fusion",
            "channel",
            "class",
            "customers",
            "department",
            "dimensions",
            "employee",
            "item",
            "project",
            "region",
        ] {
            let name = format!("master/{name}.csv");
            fs::copy(golden.join(&name), root.join(&name)).unwrap();
        }
        let put = |name: &str, text: String| fs::write(root.join(name), text).unwrap();
        let mut accounts = fs::read_to_string(golden.join("master/accounts_intacct.csv")).unwrap();
        let _ = writeln!(accounts, "{UNMAPPED},Not mapped,expense,D,Y,average");
        put("master/accounts_intacct.csv", accounts);
        let mut parties = fs::read_to_string(golden.join("master/vendors.csv")).unwrap();
        let _ = writeln!(
            parties,
            "{STRANGER},Not mapped,USD,30,FAKE,FAKEBANK,FS-2009,300000002009"
        );
        put("master/vendors.csv", parties);
        put("master/entities.csv", self.entities_csv());
        put("master/periods.csv", self.periods_csv());
        for (name, from, to) in [("v1", None, Some(())), ("v2", Some(()), None)] {
            put(
                &format!("crosswalk/{name}.json"),
                self.crosswalk(name, from, to),
            );
        }
        let (documents, lines) = self.documents_csv();
        put("inputs/documents.csv", documents);
        put("inputs/document_lines.csv", lines);
        put("inputs/opening_balances.csv", self.openings_csv());
        for name in ["applications", "attachments", "open_items", "rates"] {
            let name = format!("inputs/{name}.csv");
            let text = fs::read_to_string(golden.join(&name)).unwrap();
            let header = text.lines().next().unwrap();
            put(&name, format!("{header}\n"));
        }
    }

    fn entities_csv(&self) -> String {
        let mut csv = String::from(
            "entity_id,name,base_currency,parent_entity,ownership_pct,kind,fusion_ledger,fusion_legal_entity,fusion_business_unit,\
             fusion_balancing_segment,consolidation_currency\n",
        );
        for entity in self.entities.iter().map(|e| ENTITIES[*e]) {
            let _ = writeln!(
                csv,
                "{0},Entity {0},{1},,100,operating,{2},LE_{0},BU_{0},{3},USD",
                entity.id, entity.currency, entity.ledger, entity.balancing
            );
        }
        csv
    }

    fn periods_csv(&self) -> String {
        let mut csv = String::from(
            "period,fiscal_year,period_no,start_date,end_date,kind,fusion_period_name,intacct_closed_at,fusion_closed_at\n",
        );
        for month in &self.months {
            let kind = if month.is_adjusting {
                "adjusting"
            } else {
                "regular"
            };
            let there = if month.is_adjusting {
                format!("Adj-{}", month.year % 100)
            } else {
                let calendar: usize = month.name[1..3].parse().unwrap();
                format!("{}-{}", MONTHS[calendar - 1], &month.name[6..])
            };
            let number = month.number;
            let _ = writeln!(
                csv,
                "{},{},{number},{},{},{kind},{there},,",
                month.name,
                month.year,
                iso(month.first),
                iso(month.last)
            );
        }
        csv
    }

    fn crosswalk(&self, name: &str, from: Option<()>, to: Option<()>) -> String {
        let text = fs::read_to_string(golden().join(format!("crosswalk/{name}.json"))).unwrap();
        let (first, second) = ("\"2026-01-01\"", "\"2027-01-01\"");
        let begins = iso(self.months[0].first - 400);
        let changes = iso(self.second_version_from);
        let ends = iso(self.second_version_from - 1);
        let late = iso(self.second_version_from + 400);
        let mut text = text.replace("\"2027-07-01\"", &format!("\"{late}\""));
        if to.is_some() {
            text = text.replace(first, &format!("\"{begins}\""));
            text = text.replace("\"2026-12-31\"", &format!("\"{ends}\""));
        }
        if from.is_some() {
            text = text.replace(second, &format!("\"{changes}\""));
        }
        text
    }

    fn documents_csv(&self) -> (String, String) {
        let golden = golden();
        let header = |name: &str| {
            let text = fs::read_to_string(golden.join(name)).unwrap();
            format!("{}\n", text.lines().next().unwrap())
        };
        let mut documents = header("inputs/documents.csv");
        let mut lines = header("inputs/document_lines.csv");
        for (number, document) in &self.books {
            let Some(state) = document.latest() else {
                continue;
            };
            if document.kind == "opening" {
                continue;
            }
            let day = iso(state.day);
            let _ = writeln!(
                documents,
                "{number},{},{day},{day},{},{},{},{},,{},,,v1,x,{} {number}",
                document.kind,
                self.month_of(state).name,
                format_args!(
                    "{}T09:00:00Z",
                    iso(state.day.min(self.epoch_ms / 86_400_000 - 1))
                ),
                ENTITIES[document.entity].id,
                document.currency,
                document.party,
                document.kind
            );
            line_rows(&mut lines, number, document, state);
        }
        (documents, lines)
    }

    fn openings_csv(&self) -> String {
        let mut csv = String::from(
            "entity_id,account,currency,balance,translated_currency,translated_balance\n",
        );
        for (entity, amount) in &self.openings {
            let home = ENTITIES[*entity];
            for (account, units) in [("1010", *amount), ("3000", -*amount)] {
                let text = plain(units, decimals(home.currency));
                let _ = writeln!(
                    csv,
                    "{},{account},{},{text},{},{text}",
                    home.id, home.currency, home.currency
                );
            }
        }
        csv
    }

    pub(crate) fn month_of(&self, state: &State) -> &Month {
        let fits = |m: &&Month| {
            m.is_adjusting == state.is_adjusting && m.first <= state.day && state.day <= m.last
        };
        self.months.iter().find(fits).unwrap()
    }
}

fn line_rows(out: &mut String, number: &str, document: &SourceDocument, state: &State) {
    for (at, line) in state.lines.iter().enumerate() {
        let home = ENTITIES[line.entity];
        let is_stat = document.is_statistical();
        let places = |c: &str| if is_stat { 2 } else { decimals(c) };
        let side = |units: i128, places: usize| {
            let zero = plain(0, places);
            if units < 0 {
                (zero, plain(-units, places))
            } else {
                (plain(units, places), zero)
            }
        };
        let (txn_debit, txn_credit) = side(line.txn, places(document.currency));
        let units = if is_stat { line.txn } else { line.base };
        let (base_debit, base_credit) = side(units, places(home.currency));
        let column = |name: &str| {
            if line.party.0 == name {
                line.party.1
            } else {
                ""
            }
        };
        let _ = writeln!(
            out,
            "{number},{},{},{},{},{},{txn_debit},{txn_credit},{},{},{base_debit},{base_credit},{},{},,{},{},,{},{},,,",
            at + 1,
            home.id,
            line.account,
            line.affiliate.map_or("", |a| ENTITIES[a].id),
            document.currency,
            document.rate,
            if is_stat { "STAT" } else { home.currency },
            home.id,
            line.department,
            column("customer"),
            column("vendor"),
            line.item,
            line.class
        );
    }
}

fn opening(company: &Company, entity: usize, amount: i128) -> SourceDocument {
    let day = company.months[0].last;
    let line = |account, units| super::ledger::Line {
        entity,
        account,
        txn: units,
        base: units,
        ..super::ledger::Line::default()
    };
    SourceDocument {
        kind: "opening",
        entity,
        currency: ENTITIES[entity].currency,
        rate: "1".into(),
        party: "",
        states: vec![Some(State {
            day,
            is_adjusting: false,
            lines: vec![line("1010", amount), line("3000", -amount)],
            mapped_on: day,
        })],
        reverses: None,
        is_reversed: false,
        has_dust: false,
    }
}

fn months(year: i16, month: i8) -> Vec<Month> {
    let mut months = Vec::new();
    let fiscal = year;
    let (mut year, mut month) = (year, month);
    for at in 0..5 {
        let (next_year, next) = if month == 12 {
            (year + 1, 1)
        } else {
            (year, month + 1)
        };
        let (first, last) = (day_of(year, month, 1), day_of(next_year, next, 1) - 1);
        months.push(Month {
            name: format!("P{month:02}-{year}"),
            year: if at < 2 { fiscal } else { fiscal + 1 },
            number: if at < 2 { 11 + at } else { at - 1 },
            first,
            last,
            is_adjusting: false,
        });
        if at == 1 {
            months.push(Month {
                name: format!("ADJ-{year}"),
                year: fiscal,
                number: 13,
                first: last,
                last,
                is_adjusting: true,
            });
        }
        (year, month) = (next_year, next);
    }
    months
}

/// The mapping is that of the golden company; only its dates move.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}
