//! A trial of a version against a plain recomputation from the inputs.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::trial::{
    OwnJournal, Report, Simulation, TrialDocument, carried, migration_draft, moving_draft,
    not_restated, restated,
};
use tieout_engine::crosswalk::{Crosswalk, Lineage, RuleValue, VersionFile};
use tieout_model::{AccountingDate, Amount, Document, JournalEntry, LineFact};

use crate::crosswalk_company::{Row, amount, folder, pieces, reference, table};

/// Position of the natural account.
const ACCOUNT: usize = 2;

fn version(company: &str, name: &str) -> VersionFile {
    let path = folder(company).join(format!("crosswalk/{name}.json"));
    VersionFile::parse(&std::fs::read(path).unwrap()).unwrap()
}

fn trial(company: &str, name: &str) -> Crosswalk {
    Crosswalk::for_trial(vec![version(company, name)], reference(company)).unwrap()
}

fn add(
    simulation: &mut Simulation<'_>,
    document: &Document,
    id: &str,
    recorded: Option<&[LineFact]>,
) {
    let lines = document.lines().unwrap();
    simulation
        .add(&TrialDocument {
            number: id,
            kind: document.kind(),
            entity: document.entity().unwrap().as_str(),
            currency: document.functional_currency().unwrap(),
            date: document.accounting_date().unwrap(),
            source: &lines,
            recorded,
        })
        .unwrap();
}

/// The rules read naively: first rule by priority whose conditions hold, straight from the file's JSON and the CSV row.
fn account_of(
    file: &serde_json::Value,
    row: &Row,
    class: &str,
    blanks: &BTreeMap<String, String>,
) -> String {
    let value_of = |name: &str| match name {
        "account" => row["account"].clone(),
        "account.class" => class.to_owned(),
        "entity" => row["entity_id"].clone(),
        "affiliate" => row["affiliate_entity"].clone(),
        dimension => match row[dimension].as_str() {
            "" => blanks.get(dimension).cloned().unwrap_or_default(),
            value => value.to_owned(),
        },
    };
    let mut rules: Vec<&serde_json::Value> = file["rules"].as_array().unwrap().iter().collect();
    rules.retain(|rule| rule["segment"] == "account");
    rules.sort_by_key(|rule| rule["priority"].as_i64().unwrap());
    let holds = |rule: &serde_json::Value| {
        rule["when"].as_array().unwrap().iter().all(|condition| {
            let value = value_of(condition[0].as_str().unwrap());
            let wanted = &condition[2];
            let is_in = match wanted.as_array() {
                Some(values) => values.iter().any(|one| one == value.as_str()),
                None => wanted == value.as_str(),
            };
            match condition[1].as_str().unwrap() {
                "eq" | "in" => is_in,
                _ => !is_in,
            }
        })
    };
    let rule = rules.into_iter().find(|rule| holds(rule)).unwrap();
    let value = rule["value"].as_str().unwrap();
    match value.strip_prefix("lookup:") {
        Some(name) => file["lookups"][name][value_of(name)]
            .as_str()
            .unwrap()
            .to_owned(),
        None => value.to_owned(),
    }
}

/// Account by account, from the inputs alone.
fn recomputed(company: &str, name: &str) -> BTreeMap<(String, String), Amount> {
    let path = folder(company).join(format!("crosswalk/{name}.json"));
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let classes: BTreeMap<String, String> = table(company, "master/accounts_intacct.csv")
        .into_iter()
        .map(|row| (row["account"].clone(), row["class"].clone()))
        .collect();
    let blanks: BTreeMap<String, String> = table(company, "master/dimensions.csv")
        .into_iter()
        .filter(|row| !row["default_when_blank"].starts_with('('))
        .map(|row| (row["dimension"].clone(), row["default_when_blank"].clone()))
        .collect();
    let mut sums = BTreeMap::new();
    for row in table(company, "inputs/document_lines.csv") {
        let account = account_of(&file, &row, &classes[&row["account"]], &blanks);
        let net = amount(&row["base_debit"])
            .minus(amount(&row["base_credit"]))
            .unwrap();
        let sum: &mut Amount = sums
            .entry((row["base_currency"].clone(), account))
            .or_default();
        *sum = sum.plus(net).unwrap();
    }
    sums
}

fn equals_recomputation(company: &str) {
    let (old, new) = (trial(company, "v1"), trial(company, "v2"));
    let mut simulation = Simulation::new(&old, &new, "v2").unwrap();
    let mut shuffled = Simulation::new(&old, &new, "v2").unwrap();
    let pieces = pieces(company);
    // Version 1 ends before version 2 begins; what it makes of later documents is asked of it by name.
    let before = |document: &Document, envelope| {
        let lineage = Lineage::Recorded { version: "v1" };
        let coded = old.translate(envelope, lineage);
        coded.map_or_else(
            |_| document.lines().unwrap(),
            |t| t.document.lines().unwrap(),
        )
    };
    for piece in &pieces {
        let recorded = before(&piece.envelope.document, &piece.envelope);
        add(
            &mut simulation,
            &piece.envelope.document,
            &piece.id,
            Some(&recorded),
        );
    }
    for piece in pieces.iter().rev() {
        let recorded = before(&piece.envelope.document, &piece.envelope);
        add(
            &mut shuffled,
            &piece.envelope.document,
            &piece.id,
            Some(&recorded),
        );
    }
    let about = [("version", "v2".to_owned())];
    let report = Report::of(&simulation, ACCOUNT, &about).unwrap();
    let again = Report::of(&shuffled, ACCOUNT, &about).unwrap();
    assert_eq!(
        report.digest(),
        again.digest(),
        "the order of documents decides the report"
    );
    let wanted = recomputed(company, "v2");
    let found: BTreeMap<(String, String), Amount> = report
        .accounts
        .iter()
        .filter(|row| row.account != "(held)")
        .map(|row| {
            (
                (row.currency.code().to_owned(), row.account.clone()),
                row.new,
            )
        })
        .collect();
    for (key, sum) in wanted.iter().filter(|(_, sum)| !sum.is_zero()) {
        assert_eq!(found.get(key).copied().unwrap_or_default(), *sum, "{key:?}");
    }
    for (key, sum) in found.iter().filter(|(_, sum)| !sum.is_zero()) {
        assert_eq!(wanted.get(key), Some(sum), "{key:?}");
    }
    assert!(
        report.accounts.iter().any(|row| !row.delta.is_zero()),
        "nothing moves"
    );
}

#[test]
fn the_councils_under_version_2_equal_a_plain_recomputation() {
    equals_recomputation("companies/uk_councils_month");
}

#[test]
fn the_golden_company_under_version_2_equals_a_plain_recomputation() {
    equals_recomputation("golden");
}

#[test]
fn a_changed_balance_sheet_mapping_gives_a_balanced_journal() {
    let old = version("golden", "v1");
    let mut new = version("golden", "v2");
    // Cash at bank goes to another account from version 2 on.
    let lookup = new
        .lookups
        .iter_mut()
        .find(|(name, _)| name.to_string() == "account")
        .unwrap();
    let before = lookup.1.insert("1010".into(), "10150".into()).unwrap();
    assert!(new.rules.iter().any(
        |rule| matches!(&rule.value, RuleValue::Lookup(name) if name.to_string() == "account")
    ));
    let reference = reference("golden");
    let all = Crosswalk::for_trial(vec![old, new], reference.clone()).unwrap();
    let mut simulation = Simulation::new(&all, &all, "v2").unwrap();
    let cut: AccountingDate = "2027-01-01".parse().unwrap();
    let mut cash: BTreeMap<String, Amount> = BTreeMap::new();
    for piece in pieces("golden") {
        let document = &piece.envelope.document;
        if document.accounting_date().unwrap() >= cut {
            continue;
        }
        for line in document.lines().unwrap() {
            if line.coding.dimensional().unwrap().account.as_str() == "1010" {
                let entity = document.entity().unwrap().as_str().to_owned();
                let sum = cash.entry(entity).or_default();
                *sum = sum.plus(line.functional).unwrap();
            }
        }
        add(&mut simulation, document, &piece.id, None);
    }
    cash.retain(|_, sum| !sum.is_zero());
    assert!(!cash.is_empty());
    let carried = carried(&simulation);
    for (entity, balance) in &cash {
        let moved = carried
            .iter()
            .filter(|one| one.entity == *entity && one.old[ACCOUNT].as_str() == before);
        assert_eq!(
            Amount::sum(moved.map(|one| one.balance)).unwrap(),
            *balance,
            "{entity}"
        );
        let none = BTreeMap::new();
        let draft = migration_draft(entity, &carried, "v2", cut, &none, &reference)
            .unwrap()
            .unwrap();
        assert_eq!(draft.accounting_date, cut);
        assert_eq!(draft.journal.as_str(), "XWALK");
        let lines = draft.lines.clone();
        let entry = JournalEntry::try_new(draft).unwrap();
        let moved =
            entry.draft().lines.iter().find(|line| {
                line.coding.combination().unwrap().segments[ACCOUNT].as_str() == "10150"
            });
        assert_eq!(moved.unwrap().functional, *balance);
        // A second journal after the first finds nothing left.
        let already = lines.iter().map(|line| {
            (
                line.coding.combination().unwrap().segments.clone(),
                line.functional,
            )
        });
        let again = migration_draft(entity, &carried, "v2", cut, &already.collect(), &reference);
        assert_eq!(again.unwrap(), None);
    }
}

#[test]
fn a_restatement_moves_revenue_and_expense_of_the_period_and_nothing_else() {
    let reference = reference("golden");
    let versions = vec![version("golden", "v1"), version("golden", "v2")];
    let all = Crosswalk::for_trial(versions, reference.clone()).unwrap();
    let mut simulation = Simulation::new(&all, &all, "v2").unwrap();
    let december = |date: AccountingDate| date.to_string().starts_with("2026-12");
    let mut support: BTreeMap<String, Amount> = BTreeMap::new();
    for piece in pieces("golden") {
        let document = &piece.envelope.document;
        if !december(document.accounting_date().unwrap()) {
            continue;
        }
        add(&mut simulation, document, &piece.id, None);
        for line in document.lines().unwrap() {
            let coding = line.coding.dimensional().unwrap();
            let department = coding
                .dimensions
                .get("department")
                .map(|code| code.as_str());
            let class = reference.accounts[coding.account.as_str()];
            // Version 2 moves customer success from cost centre 4400 to 4450, on result accounts only.
            let is_money = !line.currency.is_statistical();
            if department == Some("D400") && !class.is_balance_sheet() && is_money {
                let entity = document.entity().unwrap().as_str().to_owned();
                let sum = support.entry(entity).or_default();
                *sum = sum.plus(line.functional).unwrap();
            }
        }
    }
    support.retain(|_, sum| !sum.is_zero());
    assert!(!support.is_empty());
    let moves = restated(&simulation);
    let on: AccountingDate = "2026-12-31".parse().unwrap();
    let journal = OwnJournal {
        reference: "XREST v2 P12-2026".into(),
        description: String::new(),
        on,
    };
    let none = BTreeMap::new();
    for entity in reference.entities.keys() {
        let draft = moving_draft(entity, &moves, &journal, &none, &reference).unwrap();
        let Some(draft) = draft else {
            assert!(!support.contains_key(entity), "{entity}");
            continue;
        };
        let into = draft.lines.iter().filter(|line| {
            let segments = &line.coding.combination().unwrap().segments;
            segments[1].as_str() == "4450"
        });
        let into = Amount::sum(into.map(|line| line.functional)).unwrap();
        assert_eq!(
            into,
            support.get(entity).copied().unwrap_or_default(),
            "{entity}"
        );
        // Well formed, so its sum is zero.
        JournalEntry::try_new(draft).unwrap();
    }
}

#[test]
fn what_a_restatement_leaves_where_it_stands_is_named() {
    let reference = reference("golden");
    let mut late = version("golden", "v2");
    for rule in late.rules.iter_mut().filter(|rule| rule.id == "CC-1") {
        rule.value = RuleValue::Literal("1100".to_owned());
    }
    let rows = late.lookups.values_mut();
    for row in rows.flat_map(|rows| rows.values_mut()) {
        if row == "3300" {
            "5500".clone_into(row);
        }
    }
    let versions = vec![version("golden", "v1"), late];
    let all = Crosswalk::for_trial(versions, reference).unwrap();
    let mut simulation = Simulation::new(&all, &all, "v2").unwrap();
    let (mut hours, mut owed) = (Amount::default(), Amount::default());
    for piece in pieces("golden") {
        let document = &piece.envelope.document;
        add(&mut simulation, document, &piece.id, None);
        // What is dated later is coded by the new version already.
        let is_early = document.accounting_date().unwrap().year() == 2026;
        let is_own = is_early && document.entity().unwrap().as_str() == "E200";
        for line in document.lines().unwrap().into_iter().filter(|_| is_own) {
            let coding = line.coding.dimensional().unwrap();
            let department = coding.dimensions.get("department");
            let is_support = department.is_some_and(|code| code.as_str() == "D300");
            if coding.account.as_str() == "9100" && is_support {
                hours = hours.plus(line.amount).unwrap();
            }
            if coding.account.as_str() == "2000" {
                owed = owed.plus(line.functional).unwrap();
            }
        }
    }
    assert!(!hours.is_zero() && !owed.is_zero());
    let left = not_restated(&simulation);
    let sum = |is_quantity: bool, account: &str| {
        let mine = left.iter().filter(|one| {
            let at = one.old[ACCOUNT].as_str();
            one.entity == "E200" && one.currency.is_statistical() == is_quantity && at == account
        });
        Amount::sum(mine.map(|one| one.balance)).unwrap()
    };
    assert_eq!(sum(true, "91000"), hours);
    assert_eq!(sum(false, "20000"), owed);
    for one in restated(&simulation) {
        assert!(!left.contains(&one), "{one:?}");
    }
}
