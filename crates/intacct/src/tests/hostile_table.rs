//! Forty answers that a hostile or broken gateway could send: each refused, soon, and in little memory.

use std::time::{Duration, Instant};

use crate::tests::answer;
use crate::xml::read::{DEPTH_MAX, SIZE_MAX, Unreadable};

/// Bound of each refusal.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Bound of memory beyond what was used before, in KiB.
const MEMORY_MAX_KIB: u64 = 200 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hostile,
    Broken,
}

use Kind::{Broken, Hostile};

/// Makes a body, so that only one is in memory at a time.
type Make = Box<dyn Fn() -> Vec<u8>>;

fn made(kind: Kind, make: impl Fn() -> Vec<u8> + 'static) -> (Kind, Make) {
    (kind, Box::new(make))
}

fn data(inside: &str) -> Vec<u8> {
    format!("<response><operation><result><data count=\"1\">{inside}</data></result></operation></response>").into_bytes()
}

fn plain(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn doctypes() -> Vec<(Kind, Make)> {
    let lol = "<!DOCTYPE r [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><response>&c;</response>";
    let parameter =
        "<!DOCTYPE r [<!ENTITY % p SYSTEM \"http://example.invalid/x.dtd\"> %p;]><response/>";
    [
        (
            Hostile,
            "<!DOCTYPE response SYSTEM \"file:///etc/passwd\"><response/>",
        ),
        (
            Hostile,
            "<!DOCTYPE response PUBLIC \"-//X\" \"http://example.invalid/\"><response/>",
        ),
        (
            Hostile,
            "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><response>&x;</response>",
        ),
        (Hostile, lol),
        (Hostile, parameter),
        (Hostile, "<!-- quiet --><!DOCTYPE response><response/>"),
        (
            Hostile,
            "<?xml version=\"1.0\"?>\n\n<!DOCTYPE response><response/>",
        ),
        (Hostile, "<!DOCTYPE\tresponse\n><response/>"),
        (Broken, "<!DOCTYPE html><html></html>"),
        (Broken, "<!doctype html><html></html>"),
        (Broken, "<response><!DOCTYPE html></response>"),
    ]
    .map(|(kind, text)| made(kind, move || plain(text)))
    .into()
}

fn entities() -> Vec<(Kind, Make)> {
    [
        "<r><A>&xxe;</A></r>",
        "<r><A>&nbsp;</A></r>",
        "<r><A>&AMP;</A></r>",
        "<r><A>&#0;</A></r>",
        "<r><A>&#x0;</A></r>",
        "<r><A>&#xD800;</A></r>",
        "<r><A>&#x110000;</A></r>",
        "<r><A>&#99999999999999999999;</A></r>",
        "<r><A>&#-1;</A></r>",
    ]
    .map(|inside| made(Hostile, move || data(inside)))
    .into()
}

fn depths() -> Vec<(Kind, Make)> {
    let deep = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
    vec![
        made(Hostile, move || data(&deep)),
        made(Hostile, move || data(&"<a>".repeat(100_000))),
        made(Hostile, move || {
            format!("<response>{}", "<a>".repeat(1_000_000)).into_bytes()
        }),
        made(Broken, move || data("</r>")),
        made(Broken, move || data("<r><A></B></r>")),
        made(Broken, move || plain(&"</response>".repeat(100_000))),
    ]
}

fn sizes() -> Vec<(Kind, Make)> {
    let own_names: String = (0..6_000).map(|n| format!("<r><F{n}/></r>")).collect();
    let attributes: String = (0..50_000).map(|n| format!(" a{n}='1'")).collect();
    vec![
        made(Hostile, move || vec![b' '; SIZE_MAX + 1]),
        made(Hostile, move || vec![b'<'; SIZE_MAX + 1]),
        made(Hostile, move || data(&own_names)),
        made(Broken, move || plain(&" ".repeat(8 * 1024 * 1024))),
        made(Broken, move || plain(&"<".repeat(1024 * 1024))),
        made(Broken, move || {
            format!("<response><operation><result><data{attributes}>").into_bytes()
        }),
        made(Broken, move || {
            format!("<{}>", "a".repeat(1024 * 1024)).into_bytes()
        }),
        made(Broken, move || {
            format!("<response><!--{}", "-".repeat(1024 * 1024)).into_bytes()
        }),
        made(Broken, move || {
            format!("<response><![CDATA[{}", "]".repeat(1024 * 1024)).into_bytes()
        }),
    ]
}

fn bytes() -> Vec<(Kind, Make)> {
    let utf16: Vec<u8> = "<response/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        made(Broken, move || utf16.clone()),
        made(Broken, move || b"<response>\xc0\xaf</response>".to_vec()),
        made(Broken, move || b"\x1f\x8b\x08\0\0\0\0\0".to_vec()),
        made(Broken, move || {
            plain(
                "<response><operation><result><data count=\"-1\"/></result></operation></response>",
            )
        }),
        made(Broken, move || {
            plain(
                "<response><operation><result><data count=\"99999999999999999999999\"/></result></operation></response>",
            )
        }),
    ]
}

/// Peak of resident memory in KiB since it was last forgotten, as the kernel counts it; 0 where it is not told.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a bound of time needs the time")]
fn forty_hostile_answers_are_refused_soon_and_in_little_memory() {
    let tables = [doctypes(), entities(), depths(), sizes(), bytes()];
    let before = peak_kib();
    let mut cases = 0;
    for (kind, make) in tables.into_iter().flatten() {
        cases += 1;
        let body = make();
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let began = Instant::now();
        let refused = match answer(&body) {
            Err(Unreadable::Hostile(_)) => Hostile,
            Err(Unreadable::Broken(_)) => Broken,
            Ok(_) => panic!("case {cases} was taken: {shown}"),
        };
        let took = began.elapsed();
        assert_eq!(refused, kind, "case {cases}: {shown}");
        assert!(took < TIME_MAX, "case {cases} took {took:?}: {shown}");
    }
    let grown = peak_kib().saturating_sub(before);
    assert!(grown < MEMORY_MAX_KIB, "{grown} KiB");
    println!("{cases} hostile answers refused, {grown} KiB at most with the body itself");
    assert_eq!(cases, 40);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a bound of time needs the time")]
fn more_cells_than_any_page_has_are_refused() {
    let row = format!("<r>{}</r>", "<A/>".repeat(1_000));
    let body = data(&row.repeat(2_100));
    let before = peak_kib();
    let began = Instant::now();
    assert!(matches!(answer(&body), Err(Unreadable::Hostile(_))));
    println!("refused after {:?}", began.elapsed());
    assert!(peak_kib().saturating_sub(before) < MEMORY_MAX_KIB);
}
