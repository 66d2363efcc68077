//! The first command a newcomer types, on the golden company, and again.

use std::path::Path;

use crate::judge::{expected_fusion, expected_intacct, same, shown_fusion, shown_intacct};
use crate::program::{Twin, golden, tieout};

/// `demo --once` on a company folder: exit 0, no breaks, and both kept trial balances as they were computed elsewhere.
pub(crate) fn demo_ties(company: &Path, documents: u64) {
    let keep = tempfile::tempdir().unwrap();
    let (company_text, keep_text) = (company.to_str().unwrap(), keep.path().to_str().unwrap());
    let arguments = [
        "demo",
        "--company",
        company_text,
        "--once",
        "--json",
        "--keep",
        keep_text,
    ];
    let json = tieout(&arguments).expect(0).json();
    let counts = &json["documents"];
    assert_eq!(counts["captured"], documents, "{counts}");
    for word in [
        "held",
        "rejected",
        "uncertain",
        "parked",
        "in_flight",
        "waiting",
    ] {
        assert_eq!(counts[word], 0, "{word}");
    }
    let lines = json["tie_out"].as_array().unwrap();
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line["breaks"] == 0));
    assert!(lines.iter().any(|line| line["keys"].as_u64().unwrap() > 10));
    assert!(json["audit"]["entries"].as_u64().unwrap() > 0);
    let kept = |name: &str| std::fs::read_to_string(keep.path().join(name)).unwrap();
    same(
        &expected_fusion(company),
        &shown_fusion(&kept("fusion-trial-balance.csv")),
        "target",
    );
    same(
        &expected_intacct(company),
        &shown_intacct(&kept("intacct-trial-balance.csv")),
        "source",
    );
    let config = keep.path().join("tieout.toml");
    tieout(&["audit", "verify", "--config", config.to_str().unwrap()]).expect(0);
}

#[test]
fn the_golden_company_ties_from_one_command() {
    demo_ties(&golden(), 97);
}

#[test]
fn a_second_run_against_the_same_books_posts_nothing() {
    let twin = Twin::start(&golden());
    let first = twin.drain().expect(0).json();
    let books = twin.get("fusion/documents.csv");
    let second = twin.drain().expect(0).json();
    assert_eq!(first["documents"], second["documents"]);
    assert_eq!(twin.get("fusion/documents.csv"), books);
    let writes: Vec<_> = twin
        .get("calls.csv")
        .lines()
        .filter(|line| line.starts_with("fusion,POST invoices"))
        .map(str::to_owned)
        .collect();
    let third = twin.drain().expect(0).json();
    assert_eq!(first["documents"], third["documents"]);
    let again: Vec<_> = twin
        .get("calls.csv")
        .lines()
        .filter(|line| line.starts_with("fusion,POST invoices"))
        .map(str::to_owned)
        .collect();
    assert_eq!(writes, again);
}
