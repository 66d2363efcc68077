use crate::tests::answer;
use crate::xml::read::{DEPTH_MAX, SIZE_MAX, Unreadable};

fn around(inside: &str) -> String {
    format!(
        "<response><control><status>success</status></control><operation><result><data count=\"1\">{inside}</data></result></operation></response>"
    )
}

fn is_hostile(text: &str) -> bool {
    matches!(answer(text.as_bytes()), Err(Unreadable::Hostile(_)))
}

fn is_broken(text: &str) -> bool {
    matches!(answer(text.as_bytes()), Err(Unreadable::Broken(_)))
}

#[test]
fn a_document_type_is_refused_before_anything_else() {
    assert!(is_hostile(
        "<!DOCTYPE response [<!ENTITY a \"b\">]><response/>"
    ));
    assert!(is_hostile(
        "<?xml version=\"1.0\"?><!DOCTYPE response><response/>"
    ));
    assert!(is_broken("<!DOCTYPE html><html>"));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{}x{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
    assert!(is_hostile(&around(&deep)));
    let fine = format!("{}x{}", "<a>".repeat(40), "</a>".repeat(40));
    assert!(answer(around(&fine).as_bytes()).is_ok());
}

#[test]
fn a_body_beyond_the_bound_is_refused_unread() {
    let big = vec![b' '; SIZE_MAX + 1];
    assert!(matches!(answer(&big), Err(Unreadable::Hostile(_))));
}

#[test]
fn only_named_and_numeric_entities_exist() {
    assert!(is_hostile(&around("<r><A>&secret;</A></r>")));
    assert!(is_hostile(&around("<r><A>&#0;</A></r>")));
    let body = around("<r><A>&amp;&lt;&gt;&quot;&apos;&#039;&#x20AC;</A></r>");
    let read = answer(body.as_bytes()).unwrap();
    let table = &read.results[0].data;
    assert_eq!(table.row(0).unwrap().named("A"), "&<>\"''\u{20ac}");
}

#[test]
fn a_value_in_pieces_is_read_whole_and_values_beside_it_stay_apart() {
    let body = around(
        "<r><A>plain</A><B>Smith &amp; Sons &lt;Ltd&gt;</B><C><![CDATA[a]]>b<![CDATA[<c>]]></C><D></D><E/><F>one\r\ntwo</F><G>&amp;</G><H>é<!-- no -->è</H></r>",
    );
    let read = answer(body).unwrap();
    let row = read.results[0].data.row(0).unwrap();
    let all: Vec<(&str, &str)> = row.pairs().collect();
    let expected = [
        ("A", "plain"),
        ("B", "Smith & Sons <Ltd>"),
        ("C", "ab<c>"),
        ("D", ""),
        ("E", ""),
        ("F", "one\ntwo"),
        ("G", "&"),
        ("H", "éè"),
    ];
    assert_eq!(all, expected);
}

#[test]
fn an_answer_cut_anywhere_is_never_taken_for_a_short_one() {
    let whole = super::fixture!("bill/page.response.xml").trim_end();
    assert!(answer(whole.as_bytes()).is_ok());
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(answer(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_no_answer_is_broken() {
    for text in [
        "",
        "   ",
        "upstream timed out",
        "{\"a\":1}",
        "<html><body>",
        "<response></control>",
        "<response/><response/>",
        "<response/>more",
    ] {
        assert!(is_broken(text), "{text:?}");
    }
    assert!(matches!(
        answer(b"<response>\xff</response>"),
        Err(Unreadable::Broken(_))
    ));
    assert!(is_broken(
        "<response><operation><result><data count=\"many\"/></result></operation></response>"
    ));
}

#[test]
fn bytes_turned_anywhere_never_end_the_program() {
    let whole = super::fixture!("journal/page.response.xml").as_bytes();
    for at in 0..whole.len() {
        for byte in [b'<', b'&', 0, b'"', 0xff] {
            let mut turned = whole.to_vec();
            turned[at] = byte;
            let _ = answer(&turned);
        }
    }
}

#[test]
fn nested_fields_are_named_by_their_path_and_columns_keep_their_rows() {
    let body =
        around("<r><A>1</A><B><C>2</C><D>3</D></B></r><r><B><C>5</C></B><A>4</A></r><r></r>");
    let read = answer(body.as_bytes()).unwrap();
    let table = &read.results[0].data;
    let (a, c, d) = (table.column("A"), table.column("B.C"), table.column("B.D"));
    let rows: Vec<[&str; 3]> = table
        .rows()
        .map(|row| [row.get(a), row.get(c), row.get(d)])
        .collect();
    assert_eq!(rows, [["1", "2", "3"], ["4", "5", ""], ["", "", ""]]);
}

#[test]
#[ignore = "measures; run it alone in release"]
#[expect(clippy::disallowed_methods, reason = "a measurement needs the time")]
fn two_thousand_rows_are_read_in_less_than_twenty_milliseconds() {
    let names: Vec<String> = (0..20).map(|n| format!("FIELDNAME{n}")).collect();
    let cells: String = names
        .iter()
        .map(|name| format!("<{name}>value &amp; {name}</{name}>"))
        .collect();
    let rows = format!("<GLENTRY>{cells}</GLENTRY>").repeat(2_000);
    let body = around(&rows);
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(
            answer(body.as_bytes()).unwrap().results[0].data.len(),
            2_000
        );
    }
    let each = began.elapsed() / 20;
    assert!(each < std::time::Duration::from_millis(20), "{each:?}");
}
