//! How long many invoices take; run in release with `--ignored --nocapture`.

use std::time::Instant;

use crate::desk::{Desk, bill};

#[test]
#[ignore = "a measurement, not a check"]
fn many_invoices() {
    let count: u32 = std::env::var("INVOICES")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(100_000);
    let mut desk = Desk::new();
    let template = bill("@@@@", "120.50").to_string();
    let start = Instant::now();
    for number in 0..count {
        desk.now += 1;
        let reply = desk.send(
            "POST",
            "invoices",
            "application/json",
            &template.replace("@@@@", &format!("DOC-{number:07}")),
        );
        assert_eq!(reply.status, 201);
    }
    eprintln!("{:?} per invoice", start.elapsed() / count);
    let terms: Vec<String> = (0..100)
        .map(|n| format!("InvoiceNumber='DOC-{:07}'", n * (count / 100)))
        .collect();
    let start = Instant::now();
    let found = desk.get(&format!(
        "invoices?q={}&limit=200&onlyData=true&fields=InvoiceId,InvoiceNumber,InvoiceAmount",
        terms.join(" or ")
    ));
    eprintln!(
        "{:?} for a look-up of {}",
        start.elapsed(),
        found.items().len()
    );
    let start = Instant::now();
    let mut offset = 0;
    loop {
        let path = format!(
            "invoices?q=AccountingDate between '2026-12-01' and '2026-12-31'&limit=499&offset={offset}&onlyData=true&fields=InvoiceNumber,InvoiceAmount"
        );
        let page = desk.get(&path).json();
        offset += page["count"].as_u64().unwrap();
        if page["hasMore"] == false {
            break;
        }
    }
    eprintln!("{:?} for a walk over {offset}", start.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    eprintln!(
        "{}",
        status
            .lines()
            .find(|l| l.starts_with("VmHWM"))
            .unwrap_or_default()
    );
}
