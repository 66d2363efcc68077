//! Bad input through the whole program: the document is held with words that say who must change what, the others go on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::judge::{Typed, rows};
use crate::program::{Twin, golden, tieout};

/// A copy of the golden company, changed.
pub(crate) fn copy(change: impl Fn(&Path)) -> tempfile::TempDir {
    let made = tempfile::tempdir().unwrap();
    for folder in ["master", "inputs", "crosswalk"] {
        std::fs::create_dir(made.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(golden().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let to = made.path().join(folder).join(entry.file_name());
            std::fs::write(to, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    change(made.path());
    made
}

pub(crate) fn replace(file: PathBuf, from: &str, to: &str) {
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from} in {}", file.display());
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

pub(crate) fn append(file: PathBuf, line: &str) {
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(line);
    text.push('\n');
    std::fs::write(file, text).unwrap();
}

/// A company with gaps: a department and a supplier nobody mapped, an account retired in mid-January, a month without a crosswalk.
fn company_with_gaps() -> tempfile::TempDir {
    copy(|folder| {
        append(
            folder.join("master/department.csv"),
            "D999,Nobody mapped it",
        );
        append(
            folder.join("master/vendors.csv"),
            "VE-99,Unknown at the target (made up),USD,30,FAKE-V-0099,FAKEBANK-0099,,300000002099",
        );
        replace(
            folder.join("master/accounts_fusion.csv"),
            "60300,Professional fees,expense,2020-01-01,",
            "60300,Professional fees,expense,2020-01-01,2027-01-10",
        );
        append(
            folder.join("master/periods.csv"),
            "P02-2027,2027,2,2027-02-01,2027-02-28,regular,Feb-27,,",
        );
        replace(
            folder.join("crosswalk/v2.json"),
            "\"effective_to\": null",
            "\"effective_to\": \"2027-01-31\"",
        );
    })
}

fn state(twin: &Twin, number: &str) -> (String, String) {
    let shown = twin.document(number);
    let row = &shown["document"];
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    let holds: Vec<String> = shown["holds"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    (
        text("state"),
        format!(
            "{} {} {}",
            text("reason"),
            text("next_step"),
            holds.join(" ")
        ),
    )
}

fn is(twin: &Twin, number: &str, expected: &str, parts: &[&str]) {
    let (state, words) = state(twin, number);
    assert_eq!(state, expected, "{number}: {words}");
    for part in parts {
        assert!(words.contains(part), "{number}: {part:?} in {words}");
    }
}

fn somebody_elses_invoice(number: &str) -> Value {
    json!({
        "system": "fusion", "kind": "payables_invoice", "number": number, "entity": "E200",
        "accounting_date": "2027-01-15", "currency": "USD", "amount": "5.00", "supplier_number": "FS-2001",
        "liability": "200-0000-20000-0000-000",
        "lines": [{"combination": "200-1000-60200-0000-000", "amount": "5.00"}],
    })
}

/// The cost centre that department D100 is coded to, as the expected lines have it.
fn with_combination(mut invoice: Value) -> Value {
    let lines = crate::judge::table(&golden(), "expected/fusion_lines.csv");
    let line = lines
        .iter()
        .find(|l| l["document_id"] == "BILL-E200-5" && l["account"] == "60200")
        .unwrap();
    let names = [
        "company",
        "cost_center",
        "account",
        "product",
        "intercompany",
    ];
    invoice["lines"][0]["combination"] = names.map(|n| line[n].clone()).join("-").into();
    invoice
}

#[test]
fn each_gap_holds_its_document_and_says_who_must_change_what() {
    let company = company_with_gaps();
    let twin = Twin::start(company.path());
    twin.drain().expect(0);
    let made = with_combination(somebody_elses_invoice("DUP-1"));
    twin.post("documents", &made);
    let typed = |number: &str, change: &dyn Fn(&mut Value)| {
        let mut bill = twin.bill(number, "12.34");
        change(&mut bill);
        twin.post("documents", &bill);
    };
    typed("GAP-1", &|bill| {
        bill["lines"][0]["department"] = "D999".into()
    });
    typed("RET-1", &|bill| bill["lines"][0]["account"] = "6300".into());
    typed("NOV-1", &|bill| {
        bill["gl_date"] = "2027-02-10".into();
        bill["document_date"] = "2027-02-10".into();
    });
    typed("SUP-1", &|bill| bill["party_id"] = "VE-99".into());
    typed("DUP-1", &|_| {});
    typed("TXT-1", &|bill| {
        bill["description"] = "=1+1 & <b>\"it's\"</b> \u{1f9fe} żółć".into();
        bill["lines"][0]["memo"] = format!("=cmd|' /C calc'!A0 {}", "ü&<".repeat(1_320)).into();
    });
    typed("FINE-1", &|_| {});
    let json = twin.drain().expect(1).json();
    assert_eq!(json["documents"]["held"], 4, "{json}");
    assert_eq!(json["documents"]["rejected"], 1, "{json}");
    is(
        &twin,
        "GAP-1",
        "held",
        &["P0110", "D999", "department", "retry"],
    );
    is(&twin, "RET-1", "held", &["P0111", "60300"]);
    is(&twin, "NOV-1", "held", &["P0112", "2027-02-10"]);
    is(&twin, "SUP-1", "held", &["P0118", "VE-99"]);
    is(&twin, "DUP-1", "rejected", &["DUP-1", "retry"]);
    is(&twin, "TXT-1", "accounted", &[]);
    is(&twin, "FINE-1", "accounted", &[]);
    let there = rows(&twin.get("fusion/documents.csv"));
    let of = |number: &str| there.iter().filter(|row| row["number"] == number).count();
    assert_eq!(["TXT-1", "FINE-1", "DUP-1", "GAP-1"].map(of), [1, 1, 1, 0]);
    let table = twin.tieout(&["document", "list", "--state", "held|rejected"]);
    for word in ["GAP-1", "DUP-1", "age", "next step", "P0110"] {
        assert!(table.out.contains(word), "{word} in {}", table.out);
    }
}

#[test]
fn a_closed_period_refuses_and_once_it_is_open_again_a_retry_posts() {
    let twin = Twin::start(&golden());
    twin.drain().expect(0);
    for status in ["closed", "never opened"] {
        let number = format!("CLS-{}", &status[..1]);
        let period = json!({"system": "fusion", "period": "P01-2027", "status": status});
        twin.post("periods", &period);
        twin.post("documents", &twin.bill(&number, "3.21"));
        twin.drain().expect(1);
        is(&twin, &number, "rejected", &["period", "retry"]);
        let period = json!({"system": "fusion", "period": "P01-2027", "status": "open"});
        twin.post("periods", &period);
        let reason = ["--reason", "period opened", "--operator", "controller"];
        let mut retry = vec!["document", "retry", &number];
        retry.extend(reason);
        twin.tieout(&retry).expect(0);
        twin.drain().expect(0);
        is(&twin, &number, "accounted", &[]);
    }
}

#[test]
fn a_supplier_that_the_target_lacks_stops_its_bills_only() {
    let company = copy(|folder| {
        // The mapping is signed with a supplier that nobody entered at the target.
        append(
            folder.join("master/vendors.csv"),
            "VE-98,Mapped but never entered (made up),USD,30,FAKE-V-0098,FAKEBANK-0098,FS-2998,300000002998",
        );
    });
    let twin = Twin::start(company.path());
    let target = Twin::start(&golden());
    twin.configure(|config| {
        config["fusion"]["base_url"] = target.ready["fusion"].as_str().unwrap().into();
    });
    twin.drain().expect(0);
    let mut bill = twin.bill("SUP-2", "12.34");
    bill["party_id"] = "VE-98".into();
    twin.post("documents", &bill);
    twin.post("documents", &twin.bill("FINE-2", "3.21"));
    twin.drain().expect(1);
    is(
        &twin,
        "SUP-2",
        "rejected",
        &[
            "SupplierNumber was FS-2998",
            "create or correct the supplier",
            "retry",
        ],
    );
    is(&twin, "FINE-2", "accounted", &[]);
}

#[test]
fn sessions_that_expire_in_the_middle_of_paging_lose_nothing() {
    let twin = Twin::start(&golden());
    twin.configure(|config| config["intacct"]["page_size"] = toml::Value::Integer(7));
    let mut typed = Typed::new();
    let mut worker = twin.worker();
    for _ in 0..60 {
        twin.delete("sessions");
        if typed.made.len() < 15 {
            typed.enter(&twin);
        }
        assert_eq!(worker.ended_within(Duration::from_millis(30)), None);
    }
    worker.kill();
    twin.drain().expect(0);
    typed.judge(&twin);
}

#[test]
fn a_company_folder_with_a_missing_file_or_a_bad_cell_is_refused_by_file_and_line() {
    let refused = |change: &dyn Fn(&Path), parts: &[&str]| {
        let company = copy(change);
        let text = company.path().to_str().unwrap().to_owned();
        let ended = tieout(&["demo", "--company", &text, "--once", "--json"]).expect(2);
        ended.says(&["P0012"]);
        ended.says(parts);
    };
    refused(
        &|folder| std::fs::remove_file(folder.join("inputs/document_lines.csv")).unwrap(),
        &["document_lines.csv"],
    );
    refused(
        &|folder| {
            replace(
                folder.join("inputs/document_lines.csv"),
                "30000.00",
                "3O000.00",
            )
        },
        &["document_lines.csv", "line 2", "3O000.00"],
    );
    refused(
        &|folder| {
            replace(
                folder.join("master/periods.csv"),
                "2026-11-30",
                "2026-11-31",
            )
        },
        &["periods.csv", "2026-11-31"],
    );
    refused(
        &|folder| replace(folder.join("master/entities.csv"), "entity_id", "entity"),
        &["entities.csv", "entity_id"],
    );
}
