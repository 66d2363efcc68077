//! The defects of `golden/breaks/scenarios.json`, made in the target (or source) copy. Each must give its class, its status, and exactly the
//! listed differences. The balances that are read independently are the golden ones plus the listed differences, so a mistake in either
//! direction shows as a gap.

use serde_json::Value;
use tieout_engine::reconcile::{
    Break, BreakClass, Progress, Reconciliation, TargetBalance, reconcile,
};
use tieout_model::{Amount, Timestamp};

use crate::golden::{
    Company, SEGMENTS, SNAPSHOTS, amount, at, code, company, period_of, root, source_member_of,
};

struct Scenario {
    json: Value,
}

impl Scenario {
    fn named(id: &str) -> Self {
        let text = std::fs::read_to_string(root().join("breaks/scenarios.json")).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        let mut scenarios = all["scenarios"].as_array().unwrap().iter();
        let json = scenarios.find(|s| s["id"] == id).unwrap().clone();
        Self { json }
    }

    fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap()
    }

    fn differences(&self) -> &[Value] {
        self.json["tb_differences"].as_array().unwrap()
    }

    fn listed(&self) -> Vec<[String; 6]> {
        let mut listed: Vec<_> = self
            .differences()
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                let (_, label, _) = SNAPSHOTS
                    .into_iter()
                    .find(|s| s.2 == text("snapshot"))
                    .unwrap();
                let segments = SEGMENTS.map(text).join("-");
                [
                    label.to_owned(),
                    segments,
                    text("currency"),
                    text("source"),
                    text("target"),
                    text("difference"),
                ]
            })
            .collect();
        listed.sort();
        listed
    }

    /// Makes the balances read from the target show the defect, too.
    fn show_in_balances(&self, company: &mut Company) {
        for row in self.differences() {
            let text = |name: &str| row[name].as_str().unwrap();
            let segments = SEGMENTS.map(|name| code(text(name)));
            let balances = &mut company.evidence.target_balances;
            let of = balances.get_mut(period_of(text("snapshot"))).unwrap();
            of.push(TargetBalance {
                segments: segments.as_slice().into(),
                currency: text("currency").parse().unwrap(),
                ending: amount(text("difference")),
            });
        }
    }

    fn check(&self, company: &Company) -> Reconciliation {
        let result = reconcile(&company.request, &company.evidence).unwrap();
        assert_eq!(result.gaps, []);
        assert_eq!(found(&result.breaks), self.listed());
        assert_eq!(result.breaks.len(), 1, "{:#?}", result.breaks);
        let found = &result.breaks[0];
        assert_eq!(found.class.word(), self.text("expected_class"));
        assert_eq!(found.status.word(), self.text("expected_status"));
        assert_eq!(found.number, self.text("document"));
        for snapshot in &result.snapshots {
            let differing = snapshot.keys.iter().filter(|key| !key.difference.is_zero());
            let shares = found
                .differences
                .iter()
                .filter(|d| d.snapshot == snapshot.label);
            assert_eq!(differing.count(), shares.count(), "{}", snapshot.label);
        }
        result
    }
}

fn found(breaks: &[Break]) -> Vec<[String; 6]> {
    let mut found: Vec<_> = breaks
        .iter()
        .flat_map(|b| &b.differences)
        .map(|d| {
            let segments: Vec<&str> = d.key.segments().iter().map(|s| s.as_str()).collect();
            [
                d.snapshot.to_string(),
                segments.join("-"),
                d.key.currency.to_string(),
                d.source.to_string(),
                d.target.to_string(),
                d.difference.to_string(),
            ]
        })
        .collect();
    found.sort();
    found
}

const CLOSES: [&str; 2] = ["P12-2026", "P01-2027"];

fn check(id: &str, entity: &str, report: &[&str], defect: impl Fn(&mut Company, &str)) {
    let scenario = Scenario::named(id);
    let mut company = company(entity, report);
    defect(&mut company, scenario.text("document"));
    scenario.show_in_balances(&mut company);
    scenario.check(&company);
}

fn add_to_line(company: &mut Company, number: &str, account: &str, more: &str) {
    let member = company.member(number);
    let mut lines = member.lines.iter_mut();
    let line = lines.find(|l| l.segments[2].as_str() == account).unwrap();
    line.amount = line.amount.plus(amount(more)).unwrap();
    line.functional = line.functional.plus(amount(more)).unwrap();
}

#[test]
fn b01_a_bill_missing_in_the_target() {
    check("B01", "E300", &CLOSES, |company, number| {
        company.remove_member(number);
    });
}

#[test]
fn b02_a_bill_twice_without_mark() {
    for suffix in ["", "-1", " (2)"] {
        check("B02", "E400", &CLOSES, |company, number| {
            let mut copy = company.member(number).clone();
            copy.stamp = None;
            copy.number.push_str(suffix);
            copy.reference = "000-first-in-order".to_owned();
            company.evidence.members.push(copy);
        });
    }
}

#[test]
fn b02_a_bill_twice_with_the_same_mark() {
    check("B02", "E400", &CLOSES, |company, number| {
        let mut copy = company.member(number).clone();
        copy.reference = "000-first-in-order".to_owned();
        company.evidence.members.push(copy);
    });
}

#[test]
fn b03_digits_transposed() {
    check("B03", "E200", &CLOSES, |company, number| {
        add_to_line(company, number, "12000", "-540.00");
        add_to_line(company, number, "42000", "540.00");
    });
}

#[test]
fn b04_moved_to_the_first_open_day() {
    check("B04", "E300", &CLOSES, |company, number| {
        let member = company.member(number);
        member.accounting_date = "2027-01-01".parse().unwrap();
        member.period = "Jan-27".to_owned();
    });
}

#[test]
fn b05_translated_by_another_version() {
    check("B05", "E200", &CLOSES, |company, number| {
        let member = company.member(number);
        let line = member
            .lines
            .iter_mut()
            .find(|l| l.segments[1].as_str() == "4400");
        let line = line.unwrap();
        let mut segments = line.segments.to_vec();
        segments[1] = code("4450");
        line.segments = segments.into();
    });
}

#[test]
fn b06_converted_at_its_own_rate() {
    for rate in [Some("0.9200000000"), None] {
        check("B06", "E300", &CLOSES, |company, number| {
            let member = company.member(number);
            member.rate = rate.map(|rate| rate.parse().unwrap());
            for line in &mut member.lines {
                let sign = if line.amount.is_negative() { "-" } else { "" };
                line.functional = amount(&format!("{sign}3680.00"));
            }
        });
    }
}

fn as_of_close_1(company: &mut Company) {
    let until = |period: &str| ["P11-2026", "P12-2026"].contains(&period);
    let there = |period: &str| ["Nov-26", "Dec-26"].contains(&period);
    company.request.snapshots.retain(|p| until(&p.name));
    company.request.now = at("2027-01-07T12:00:00Z");
    company.evidence.expected.retain(|d| until(&d.period));
    company.evidence.members.retain(|m| there(&m.period));
    let source = company.evidence.source_members.as_mut().unwrap();
    source.retain(|m| until(&m.period));
}

fn in_flight(company: &mut Company, number: &str, since: &str) {
    as_of_close_1(company);
    company.remove_member(number);
    let expected = company.expected(number);
    expected.progress = Progress::Sent;
    expected.since = at(since);
}

#[test]
fn b08_in_flight_at_the_snapshot() {
    check("B08", "E400", &["P12-2026"], |company, number| {
        in_flight(company, number, "2027-01-07T11:30:00Z");
    });
}

#[test]
fn b08_after_the_window_it_is_missing() {
    let scenario = Scenario::named("B08");
    let mut company = company("E400", &["P12-2026"]);
    in_flight(
        &mut company,
        scenario.text("document"),
        "2027-01-06T12:00:00Z",
    );
    let result = reconcile(&company.request, &company.evidence).unwrap();
    assert_eq!(result.breaks[0].class, BreakClass::MissingInTarget);
    assert_eq!(found(&result.breaks), scenario.listed());
    company.request.now = Timestamp(company.request.now.0 - 1);
    let result = reconcile(&company.request, &company.evidence).unwrap();
    assert_eq!(result.breaks[0].class, BreakClass::TimingInFlight);
    assert_eq!(
        result.breaks[0].expires_at,
        Some(at("2027-01-07T12:00:00Z"))
    );
}

#[test]
fn b09_an_adjusting_entry_after_the_close() {
    let report = ["P12-2026", "ADJ-2026", "P01-2027"];
    check("B09", "E200", &report, |company, number| {
        company.remove_member(number);
    });
}

#[test]
fn b10_keyed_in_the_target() {
    check("B10", "E200", &CLOSES, |company, number| {
        let mut member = company.member("JE-ACC-E200-1").clone();
        member.stamp = None;
        member.number = number.to_owned();
        member.reference = "300-manual".to_owned();
        member.source = "Manual".to_owned();
        let line = |segments: [&str; 5], functional: &str| {
            let mut line = member.lines[0].clone();
            line.segments = segments.map(code).as_slice().into();
            line.amount = amount(functional);
            line.functional = amount(functional);
            line
        };
        member.lines = vec![
            line(["200", "3300", "60300", "0000", "000"], "250.00"),
            line(["200", "0000", "21000", "0000", "000"], "-250.00"),
        ];
        company.evidence.members.push(member);
    });
}

#[test]
fn b11_reversed_in_the_source_only() {
    check("B11", "E200", &CLOSES, |company, number| {
        company.remove_member(number);
    });
}

#[test]
fn b12_deleted_in_the_source() {
    let scenario = Scenario::named("B12");
    let number = scenario.text("document");
    let mut company = company("E200", &CLOSES);
    let document = company.expected(number).clone();
    let source = company.evidence.source_members.as_mut().unwrap();
    source.retain(|member| member.number != number);
    for (period, result_account) in [("P12-2026", "5110"), ("P01-2027", "3100")] {
        let balances = company.evidence.source_balances.get_mut(period).unwrap();
        for (account, more) in [("2200", "415.50"), (result_account, "-415.50")] {
            let known = balances.iter_mut().find(|b| b.account.as_str() == account);
            let balance = known.unwrap();
            balance.ending = balance.ending.plus(amount(more)).unwrap();
        }
    }
    assert_eq!(source_member_of(&document).total_debit, amount("415.50"));
    let result = scenario.check(&company);
    let row = result
        .completeness
        .iter()
        .find(|r| r.kind.is_none())
        .unwrap();
    assert_eq!(row.extra_in_target, [number]);
    assert_eq!(row.gone_from_source, [number]);
}

#[test]
fn b13_void_not_carried() {
    check("B13", "E100", &CLOSES, |company, number| {
        company.remove_member(number);
    });
}

#[test]
fn b14_only_the_sellers_leg_arrived() {
    check("B14", "E300", &CLOSES, |company, number| {
        company.remove_member(number);
    });
    let mut seller = company("E100", &CLOSES);
    seller.member("IC-1");
    let result = reconcile(&seller.request, &seller.evidence).unwrap();
    assert!(result.is_tied_out());
}

#[test]
fn b15_released_at_another_allocation() {
    check("B15", "E200", &CLOSES, |company, number| {
        add_to_line(company, number, "24100", "846.54");
        add_to_line(company, number, "42000", "-846.54");
    });
}

#[test]
fn a_cent_at_the_same_rate_is_rounding_and_explained() {
    let mut company = company("E300", &CLOSES);
    let cent: Amount = amount("0.01");
    let member = company.member("BILL-E300-2");
    member.lines[0].functional = member.lines[0].functional.plus(cent).unwrap();
    member.lines[1].functional = member.lines[1].functional.minus(cent).unwrap();
    let result = reconcile(&company.request, &company.evidence).unwrap();
    assert_eq!(result.breaks.len(), 1);
    assert_eq!(result.breaks[0].class, BreakClass::Rounding);
    assert_eq!(result.breaks[0].status.word(), "explained");
    assert_eq!(result.breaks[0].differences.len(), 4);
}
