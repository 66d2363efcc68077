use std::collections::BTreeMap;

use tieout_connector::{AccountBalance, BalanceKey, Books, BooksScope, SnapshotAt};
use tieout_intacct::{BalanceFunction, Intacct};
use tieout_model::{Amount, Code, DocumentKind, EntityId, Period, Placement};
use tieout_twins::intacct::IntacctOptions;

use crate::company::{csv, golden, run};

fn scope(entity: &str) -> BooksScope {
    BooksScope {
        entity: EntityId::new(entity),
        placement: Placement {
            ledger: String::new(),
            legal_entity: String::new(),
            business_unit: String::new(),
            balancing_segment: Code::new(""),
            currency: "USD".parse().unwrap(),
            period: String::new(),
        },
    }
}

fn snapshot(name: &str) -> SnapshotAt {
    let rows = csv("master/periods.csv");
    let row = rows.iter().find(|row| row["period"] == name).unwrap();
    SnapshotAt {
        period: Period {
            name: name.to_owned(),
            name_there: row["fusion_period_name"].clone(),
            fiscal_year: row["fiscal_year"].parse().unwrap(),
            number: row["period_no"].parse().unwrap(),
            start: row["start_date"].parse().unwrap(),
            end: row["end_date"].parse().unwrap(),
            is_adjusting: row["kind"] == "adjusting",
        },
    }
}

/// Expected balances by account of one entity in one snapshot; affiliates are summed, as the report keeps none.
fn expected(snapshot: &str, entity: &str) -> BTreeMap<String, Amount> {
    let mut balances = BTreeMap::new();
    for row in csv("expected/tb_entity.csv") {
        if row["snapshot"] == snapshot && row["entity_id"] == entity && row["account"] != "3900" {
            let balance: Amount = row["balance_base"].parse().unwrap();
            let sum: &mut Amount = balances.entry(row["account"].clone()).or_default();
            *sum = sum.plus(balance).unwrap();
        }
    }
    balances.retain(|_, balance| !balance.is_zero());
    balances
}

fn endings(balances: &[AccountBalance]) -> BTreeMap<String, Amount> {
    let endings = balances.iter().filter(|b| !b.ending.is_zero()).map(|b| {
        let BalanceKey::Account(account) = &b.key else {
            panic!("{:?}", b.key)
        };
        assert_eq!(b.opening.plus(b.movement).unwrap(), b.ending);
        (account.as_str().to_owned(), b.ending)
    });
    endings.collect()
}

const SNAPSHOTS: [(&str, &str); 4] = [
    ("P11-2026", "P11-2026"),
    ("P12-2026", "P12-2026@close1"),
    ("ADJ-2026", "P12-2026+ADJ@close2"),
    ("P01-2027", "P01-2027@close2"),
];

fn check(intacct: &Intacct) {
    for (period, label) in SNAPSHOTS {
        for entity in ["E100", "E200", "E300", "E400", "E500"] {
            let found = run(intacct.balances(&scope(entity), &snapshot(period))).unwrap();
            assert_eq!(endings(&found), expected(label, entity), "{label} {entity}");
        }
    }
}

#[test]
fn trial_balances_equal_the_golden_ones() {
    let (intacct, _) = golden(IntacctOptions::default(), |_| {});
    check(&intacct);
}

#[test]
fn balances_of_the_other_function_are_the_same() {
    let (intacct, _) = golden(IntacctOptions::default(), |config| {
        config.balances.function = BalanceFunction::AccountBalance;
    });
    check(&intacct);
}

#[test]
fn the_population_moves_the_books_by_exactly_the_movement() {
    let (intacct, _) = golden(IntacctOptions::default(), |config| {
        config.bounds.key_list_max = 3;
    });
    let mut kinds: BTreeMap<DocumentKind, u32> = BTreeMap::new();
    for (period, _) in SNAPSHOTS {
        for entity in ["E100", "E200", "E300", "E400", "E500"] {
            let (scope, at) = (scope(entity), snapshot(period));
            let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
            let mut cursor = None;
            loop {
                let page = run(intacct.population(&scope, &at, cursor.as_ref())).unwrap();
                for member in page.members {
                    *kinds.entry(member.kind).or_default() += 1;
                    assert!(member.is_accounted && member.stamp.is_none());
                    for line in member.lines {
                        let BalanceKey::Account(account) = line.key else {
                            panic!()
                        };
                        if !line.currency.is_statistical() {
                            let sum = sums.entry(account.as_str().to_owned()).or_default();
                            *sum = sum.plus(line.functional).unwrap();
                        }
                    }
                }
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            sums.retain(|_, sum| !sum.is_zero());
            let balances = run(intacct.balances(&scope, &at)).unwrap();
            let moved: BTreeMap<String, Amount> = balances
                .iter()
                .filter(|b| !b.movement.is_zero())
                .map(|b| match &b.key {
                    BalanceKey::Account(account) => (account.as_str().to_owned(), b.movement),
                    BalanceKey::Segments(_) => panic!(),
                })
                .collect();
            assert_eq!(sums, moved, "{period} {entity}");
        }
    }
    assert_eq!(kinds[&DocumentKind::SupplierInvoice], 8);
}
