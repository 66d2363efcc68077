//! Random books of one entity over two fiscal years and an adjusting period, both sides identical, and single defects made in them.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop};
use tieout_engine::reconcile::{
    BreakClass, Evidence, ExpectedDocument, Progress, Request, SourceBalance, SourceChart,
    SourceLine, TargetBalance, TargetChart, TargetLine, TargetMember,
};
use tieout_model::{
    AccountClass, Amount, Code, Currency, DocumentId, DocumentKind, EntityId, ExchangeRate,
    NaturalKey, Origin, Stamp, SystemId, Timestamp,
};

use crate::golden::{Company, at, code, member_of, periods, source_member_of};

/// Natural account, class, and the source account that is translated to it.
const ACCOUNTS: [(&str, AccountClass, &str); 5] = [
    ("12000", AccountClass::Asset, "1200"),
    ("20000", AccountClass::Liability, "2000"),
    ("42000", AccountClass::Revenue, "4010"),
    ("60300", AccountClass::Expense, "6300"),
    ("62100", AccountClass::Expense, "6200"),
];
const RETAINED: &str = "31000";
const CENTRES: [&str; 3] = ["0000", "1100", "3300"];

#[derive(Debug, Clone)]
pub(crate) struct DocumentSpec {
    period: usize,
    is_bill: bool,
    is_foreign: bool,
    is_statistical: bool,
    lines: Vec<(usize, usize, i32)>,
}

pub(crate) fn documents() -> impl Strategy<Value = Vec<DocumentSpec>> {
    let line = (0..ACCOUNTS.len(), 0..CENTRES.len(), 1..1_000_000_i32);
    let document = (
        0..4_usize,
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
        prop::collection::vec(line, 1..5),
    );
    let document =
        document.prop_map(
            |(period, is_bill, is_foreign, is_statistical, lines)| DocumentSpec {
                period,
                is_bill,
                is_foreign: is_foreign && !is_statistical,
                is_statistical,
                lines,
            },
        );
    prop::collection::vec(document, 1..12)
}

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn segments(account: &str, centre: &str) -> [Code; 5] {
    ["200", centre, account, "0000", "000"].map(code)
}

/// Makes books of the specification; balances are summed here, in the plainest way.
pub(crate) fn books(specs: &[DocumentSpec]) -> Company {
    let all = specs.iter().enumerate();
    let expected: Vec<_> = all.map(|(i, spec)| document(i, spec)).collect();
    let evidence = Evidence {
        members: expected.iter().map(member_of).collect(),
        source_members: Some(expected.iter().map(source_member_of).collect()),
        expected,
        target_balances: BTreeMap::new(),
        source_balances: BTreeMap::new(),
    };
    let mut company = Company {
        request: request(),
        evidence,
    };
    company.read_balances();
    company
}

fn request() -> Request {
    let mut classes: BTreeMap<Code, AccountClass> = ACCOUNTS
        .iter()
        .map(|(to, class, _)| (code(to), *class))
        .collect();
    classes.insert(code(RETAINED), AccountClass::Equity);
    let mut source: BTreeMap<Code, AccountClass> = ACCOUNTS
        .iter()
        .map(|(_, class, from)| (code(from), *class))
        .collect();
    source.insert(code("3100"), AccountClass::Equity);
    Request {
        entity: EntityId::new("E200"),
        balancing_segment: code("200"),
        currency: usd(),
        snapshots: periods(),
        report: periods().into_iter().map(|p| p.name).collect(),
        target_chart: TargetChart {
            natural_account: 2,
            balancing: 0,
            classes,
            retained_earnings: segments(RETAINED, "0000").to_vec(),
        },
        source_chart: SourceChart {
            classes: source,
            retained_earnings: Some(code("3100")),
        },
        now: at("2027-02-10T00:00:00Z"),
        in_flight_window_ms: 3_600_000,
        closed_at: BTreeMap::new(),
        excluded_sources: std::collections::BTreeSet::new(),
        are_quantities_in_balances: true,
    }
}

fn document(index: usize, spec: &DocumentSpec) -> ExpectedDocument {
    let period = periods().swap_remove(spec.period);
    let origin = Origin {
        system: SystemId::new("source"),
        company: "random".to_owned(),
        natural_key: NaturalKey::new(format!("D/{index}")),
    };
    let currency = match (spec.is_statistical, spec.is_foreign) {
        (true, _) => Currency::STAT,
        (false, true) => "EUR".parse().unwrap(),
        (false, false) => usd(),
    };
    let rate = "1.0941237".parse().unwrap();
    let mut amounts = spec.lines.clone();
    if !spec.is_statistical {
        let total: i32 = spec.lines.iter().map(|line| line.2).sum();
        amounts.push((1, 0, -total));
    }
    let functional = functional_amounts(spec, &amounts, &rate);
    let lines = amounts.iter().zip(&functional);
    let target_lines = lines
        .clone()
        .map(|(&(account, centre, units), functional)| TargetLine {
            segments: segments(ACCOUNTS[account].0, CENTRES[centre])
                .as_slice()
                .into(),
            currency,
            amount: Amount::from_units(units.into(), 2),
            functional: *functional,
        });
    let source_lines = lines.map(|(&(account, ..), functional)| SourceLine {
        account: code(ACCOUNTS[account].2),
        is_statistical: spec.is_statistical,
        functional: *functional,
    });
    ExpectedDocument {
        document: DocumentId::of(&origin),
        number: format!("DOC-{index:02}"),
        kind: if spec.is_bill {
            DocumentKind::SupplierInvoice
        } else {
            DocumentKind::JournalEntry
        },
        party: if spec.is_bill {
            "VE-01".to_owned()
        } else {
            String::new()
        },
        origin: origin.to_string(),
        stamp: Stamp::of(&origin, &SystemId::new("target")),
        progress: Progress::Posted,
        since: Timestamp(0),
        accounting_date: period.end,
        period: period.name,
        crosswalk_version: "v1".to_owned(),
        created_at: Timestamp(0),
        reverses: None,
        rate: spec.is_foreign.then_some(rate),
        target_lines: target_lines.collect(),
        source_lines: source_lines.collect(),
    }
}

/// Amounts in functional currency; the last line takes the rounding, so that money balances.
fn functional_amounts(
    spec: &DocumentSpec,
    amounts: &[(usize, usize, i32)],
    rate: &ExchangeRate,
) -> Vec<Amount> {
    let mut functional: Vec<Amount> = amounts
        .iter()
        .map(|line| {
            let amount = Amount::from_units(line.2.into(), 2);
            if spec.is_foreign {
                amount.times(rate, 2).unwrap()
            } else {
                amount
            }
        })
        .collect();
    if !spec.is_statistical {
        let last = functional.len() - 1;
        functional[last] = Amount::sum(functional[..last].to_vec()).unwrap().negated();
    }
    functional
}

impl Company {
    /// Sums both sides' balances anew, as the systems themselves would.
    pub(crate) fn read_balances(&mut self) {
        let all = periods();
        for (at, period) in all.iter().enumerate() {
            let mut target = Vec::new();
            for member in self.evidence.members.iter().filter(|m| m.is_accounted) {
                let from = all
                    .iter()
                    .position(|p| p.name_there == member.period)
                    .unwrap();
                for line in member.lines.iter().filter(|_| from <= at) {
                    let restarts = ACCOUNTS[2..]
                        .iter()
                        .any(|a| a.0 == line.segments[2].as_str());
                    let is_closed = all[from].fiscal_year < period.fiscal_year;
                    let is_quantity = line.currency.is_statistical();
                    target.push(TargetBalance {
                        segments: match restarts && is_closed {
                            true => segments(RETAINED, "0000").as_slice().into(),
                            false => line.segments.clone(),
                        },
                        currency: if is_quantity { line.currency } else { usd() },
                        ending: if is_quantity {
                            line.amount
                        } else {
                            line.functional
                        },
                    });
                }
            }
            let mut source = Vec::new();
            for member in self.evidence.source_members.iter().flatten() {
                let from = all.iter().position(|p| p.name == member.period).unwrap();
                for line in member.lines.iter().filter(|_| from <= at) {
                    let restarts = ACCOUNTS[2..].iter().any(|a| a.2 == line.account.as_str());
                    let is_closed = all[from].fiscal_year < period.fiscal_year;
                    source.push(SourceBalance {
                        account: match restarts && is_closed {
                            true => code("3100"),
                            false => line.account.clone(),
                        },
                        currency: if line.is_statistical {
                            Currency::STAT
                        } else {
                            usd()
                        },
                        ending: line.functional,
                    });
                }
            }
            self.evidence
                .target_balances
                .insert(period.name.clone(), target);
            self.evidence
                .source_balances
                .insert(period.name.clone(), source);
        }
    }
}

/// One thing that can go wrong with one document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Defect {
    Missing,
    MarkedTwice,
    CopiedUnmarked,
    OtherPeriod,
    OtherSegments,
    OtherAmount,
    OtherRate,
    Manual,
    DeletedInSource,
    EditedInSource,
    NeverCaptured,
    Held,
    NotAccounted,
}

pub(crate) const DEFECTS: [Defect; 13] = [
    Defect::Missing,
    Defect::MarkedTwice,
    Defect::CopiedUnmarked,
    Defect::OtherPeriod,
    Defect::OtherSegments,
    Defect::OtherAmount,
    Defect::OtherRate,
    Defect::Manual,
    Defect::DeletedInSource,
    Defect::EditedInSource,
    Defect::NeverCaptured,
    Defect::Held,
    Defect::NotAccounted,
];

/// Makes the defect in document `index`, reads balances anew, and names the classes that must come out.
pub(crate) fn spoil(company: &mut Company, index: usize, defect: Defect) -> Vec<BreakClass> {
    let evidence = &mut company.evidence;
    let (members, expected) = (&mut evidence.members, &mut evidence.expected);
    let source = evidence.source_members.as_mut().unwrap();
    let mut copy = members[index].clone();
    copy.reference.push_str("-copy");
    let member: &mut TargetMember = &mut members[index];
    let class = match defect {
        Defect::Missing => {
            members.remove(index);
            BreakClass::MissingInTarget
        }
        Defect::MarkedTwice => {
            members.push(copy);
            BreakClass::Duplicate
        }
        Defect::CopiedUnmarked => {
            copy.stamp = None;
            members.push(copy);
            BreakClass::Duplicate
        }
        Defect::OtherPeriod => {
            member.period = other_period(&member.period).to_owned();
            BreakClass::PeriodDiffers
        }
        Defect::OtherSegments => {
            code_otherwise(&mut member.lines[0]);
            BreakClass::MappingDiffers
        }
        Defect::OtherAmount => {
            add(&mut member.lines[0], 100_000_007);
            BreakClass::AmountDiffers
        }
        Defect::OtherRate => match convert_otherwise(member) {
            Some(class) => class,
            None => return Vec::new(),
        },
        Defect::Manual => {
            copy.stamp = None;
            copy.number = "KEYED".to_owned();
            members.push(copy);
            BreakClass::ManualEntryInTarget
        }
        Defect::DeletedInSource => {
            source.remove(index);
            BreakClass::MissingInSource
        }
        Defect::EditedInSource => {
            let amount = &mut source[index].lines[0].functional;
            *amount = amount.plus(Amount::from_units(7, 2)).unwrap();
            BreakClass::AmountDiffers
        }
        Defect::NeverCaptured => {
            expected.remove(index);
            members.remove(index);
            BreakClass::MissingInTarget
        }
        Defect::Held => {
            hold(&mut expected[index]);
            members.remove(index);
            BreakClass::MissingInTarget
        }
        Defect::NotAccounted => {
            member.is_accounted = false;
            BreakClass::MissingInTarget
        }
    };
    company.read_balances();
    vec![class]
}

fn code_otherwise(line: &mut TargetLine) {
    let mut segments = line.segments.to_vec();
    segments[3] = code("7777");
    line.segments = segments.into();
}

fn hold(document: &mut ExpectedDocument) {
    document.target_lines.clear();
    document.progress = Progress::Held;
}

fn other_period(period: &str) -> &'static str {
    if period == "Dec-26" {
        "Jan-27"
    } else {
        "Dec-26"
    }
}

/// Another rate and another functional amount; nobody can see it on a quantity.
fn convert_otherwise(member: &mut TargetMember) -> Option<BreakClass> {
    let is_foreign = member.rate.is_some();
    member.rate = is_foreign.then(|| "1.0999999".parse().unwrap());
    let line = &mut member.lines[0];
    let more = Amount::from_units(100_000_007, 2);
    line.functional = line.functional.plus(more).unwrap();
    match (is_foreign, line.currency.is_statistical()) {
        (true, _) => Some(BreakClass::FxRateDiffers),
        (false, false) => Some(BreakClass::Unexplained),
        (false, true) => None,
    }
}

fn add(line: &mut TargetLine, units: i128) {
    let more = Amount::from_units(units, 2);
    line.amount = line.amount.plus(more).unwrap();
    line.functional = line.functional.plus(more).unwrap();
}
