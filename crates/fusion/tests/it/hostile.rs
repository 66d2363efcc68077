//! Answers of a hostile or broken tenant: bodies that are no JSON of ours, headers that ask for the impossible, links that lead elsewhere.

use std::time::{Duration, Instant};

use tieout_model::FaultClass;

use crate::tenant::{Tenant, response};

const READ: &str = "GET ledgersLOV";

/// Twelve bodies with status 200.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let row = r#"{"LedgerId":1,"Name":"L","CurrencyCode":"USD"}"#;
    vec![
        ("nothing", Vec::new()),
        ("cut", text(&format!("{{\"items\":[{row}"))),
        ("a page", text("<html>Sign in</html>")),
        (
            "nested too deep",
            text(&format!("{{\"items\":{}", "[".repeat(1_000_000))),
        ),
        (
            "nested too deep and closed",
            text(&format!(
                "{{\"items\":{}{}}}",
                "[".repeat(10_000),
                "]".repeat(10_000)
            )),
        ),
        (
            "more behind the end",
            text(&format!("{{\"items\":[{row}]}}{{}}")),
        ),
        (
            "not UTF-8",
            b"{\"items\":[{\"Name\":\"\xff\xfe\"}]}".to_vec(),
        ),
        ("half a pair", text(r#"{"items":[{"Name":"\ud800"}]}"#)),
        ("no number", text(r#"{"items":[{"LedgerId":NaN}]}"#)),
        ("items that are a text", text(r#"{"items":"all of them"}"#)),
        ("a text", text("\"items\"")),
        (
            "more to come, for ever",
            text(r#"{"items":[],"hasMore":true,"count":0}"#),
        ),
    ]
}

#[tokio::test]
async fn twelve_bodies_are_refused_soon() {
    let bodies = bodies();
    assert_eq!(bodies.len(), 12);
    for (name, body) in bodies {
        let tenant = Tenant::new();
        for _ in 0..5 {
            let mut answer = response(200, "");
            *answer.body_mut() = body.clone().into();
            tenant.push(READ, Ok(answer));
        }
        let began = Instant::now();
        let fault = tenant.fusion(|_| {}).ledgers().await.unwrap_err();
        assert!(
            matches!(
                fault.class,
                FaultClass::Unavailable | FaultClass::Incompatible
            ),
            "{name}: {fault}"
        );
        assert!(began.elapsed() < Duration::from_secs(1), "{name}");
        assert!(fault.detail.len() < 2_000, "{name}: words without end");
    }
}

/// Fifteen values of `Retry-After` and the wait that is believed, in milliseconds.
const WAITS: [(&str, Option<u64>); 15] = [
    ("", None),
    ("soon", None),
    ("-1", None),
    ("1.5", None),
    ("1e3", None),
    ("0x10", None),
    ("+5", Some(5_000)),
    ("7, 9", None),
    (" 3 ", Some(3_000)),
    ("0", Some(0)),
    ("31536000", Some(86_400_000)),
    ("18446744073709551615", Some(86_400_000)),
    ("99999999999999999999999", None),
    ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
    ("Wed, 31 Dec 2098 23:59:59 GMT", Some(86_400_000)),
];

#[tokio::test]
async fn fifteen_headers_ask_for_no_more_than_a_day() {
    for (value, expected) in WAITS {
        let tenant = Tenant::new();
        for _ in 0..5 {
            let mut busy = response(429, "");
            busy.headers_mut()
                .insert("retry-after", value.parse().unwrap());
            tenant.push(READ, Ok(busy));
        }
        let fault = tenant.fusion(|_| {}).ledgers().await.unwrap_err();
        assert_eq!(fault.retry_after_ms, expected, "{value:?}");
        let longest = tenant.waits().into_iter().max().unwrap();
        assert!(longest <= 100_000, "{value:?}: a read waits {longest} ms");
    }
}
