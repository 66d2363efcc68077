//! What a gateway's schema lets through: encodings, order, what stands twice, several operations; and how answers are spaced.

use bytes::Bytes;
use http::Request;
use tieout_twins::Twin;
use tieout_twins::intacct::IntacctOptions;

use crate::desk::{Desk, all, desk, desk_with, inner, text};

const ASK: &str = "<function controlid=\"f\"><query><object>VENDOR</object><select><field>NAME</field></select>\
    <filter><equalto><field>NAME</field><value>Caf\u{e9}</value></equalto></filter></query></function>";

fn bytes(desk: &mut Desk, body: Vec<u8>) -> String {
    let request = Request::post("/ia/xml/xmlgw.phtml").body(Bytes::from(body));
    text(&desk.twin.answer(desk.now, request.unwrap()))
}

#[test]
fn every_encoding_an_xml_reader_knows_is_read() {
    let mut d = desk();
    let request = d.request(false, false, ASK);
    let narrow: Vec<u8> = request
        .replace("utf-8", "ISO-8859-1")
        .chars()
        .map(|c| u8::try_from(c).unwrap())
        .collect();
    let declared = request.replace("utf-8", "UTF-16");
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(declared.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let marked = [b"\xEF\xBB\xBF", request.as_bytes()].concat();
    for body in [narrow.clone(), wide, marked] {
        let answer = bytes(&mut d, body);
        assert!(answer.contains("totalcount=\"0\""), "{answer}");
    }
    let claimed = request.replace("utf-8", "UTF-16").into_bytes();
    let latin_as_utf8 = String::from_utf8_lossy(&narrow).replace("ISO-8859-1", "KOI-9");
    for body in [claimed, latin_as_utf8.into_bytes()] {
        assert_eq!(inner(&bytes(&mut d, body), "errorno"), "XL03000003");
    }
}

#[test]
fn comments_sections_and_instructions_mean_nothing() {
    let mut d = desk();
    let request = d.request(false, false, ASK).replace(
        "<object>VENDOR</object>",
        "<!-- one --><object>VEN<![CDATA[DOR]]><!-- two --></object ><?x y?>",
    );
    assert!(d.send(&request).contains("listtype=\"VENDOR\""));
}

#[test]
fn the_shape_of_a_request_is_kept() {
    let mut d = desk();
    let good = d.request(false, false, ASK);
    let login = d.twin.login();
    let company = format!("<companyid>{}</companyid>", login.company_id);
    let password = format!("<password>{}</password>", login.user_password);
    let auth = format!(
        "<authentication>{}<sessionid>s</sessionid></authentication>",
        d.login_block()
    );
    let whole_auth = format!("<authentication>{}</authentication>", d.login_block());
    for (old, new) in [
        ("<content>", "<foo/><content>"),
        ("<operation ", "<foo/><operation "),
        ("<content>", "text<content>"),
        ("<uniqueid>false</uniqueid>", "<uniqueid>TRUE</uniqueid>"),
        (
            "<controlid>req-1</controlid><uniqueid>false</uniqueid>",
            "<uniqueid>false</uniqueid><controlid>req-1</controlid>",
        ),
        (
            "<controlid>req-1</controlid>",
            "<controlid>a</controlid><controlid>b</controlid>",
        ),
        ("transaction=\"false\"", "transaction=\"yes\""),
        (
            format!("{company}{password}").as_str(),
            format!("{password}{company}").as_str(),
        ),
        (company.as_str(), ""),
        (whole_auth.as_str(), auth.as_str()),
        (whole_auth.as_str(), ""),
        ("<?xml", " <?xml"),
    ] {
        assert!(good.contains(old), "{old}");
        let answer = d.send(&good.replace(old, new));
        assert!(
            answer.contains("<control><status>failure</status>"),
            "{new}: {answer}"
        );
        assert_eq!(inner(&answer, "errorno"), "XL03000003", "{new}");
    }
    let mut lenient = desk_with(IntacctOptions {
        strict_element_order: false,
        ..IntacctOptions::default()
    });
    let swapped = lenient.request(false, false, ASK).replace(
        "<controlid>req-1</controlid><uniqueid>false</uniqueid>",
        "<uniqueid>false</uniqueid><controlid>req-1</controlid>",
    );
    assert!(lenient.send(&swapped).contains("<status>success</status>"));
}

#[test]
fn operations_repeat_and_fail_apart() {
    let mut d = desk();
    let request = d.request(false, false, ASK);
    let (_, rest) = request.split_once("</control>").unwrap();
    let operation = rest.strip_suffix("</request>").unwrap();
    let password = d.twin.login().user_password;
    let wrong = operation.replace(&password, "wrong");
    let three = format!("{wrong}{operation}{operation}</request>");
    let answer = d.send(&request.replace(rest, &three));
    assert_eq!(answer.matches("<operation>").count(), 3, "{answer}");
    assert_eq!(all(&answer, "function"), ["query", "query"]);
    assert!(
        answer.contains(
            "</control><operation><authentication><status>failure</status><userid>ws_tieout</userid>"
        ),
        "{answer}"
    );
}

#[test]
fn answers_are_spaced_unless_asked_otherwise() {
    let mut d = desk();
    let request = d.request(false, false, ASK);
    let flat = d.send(&request);
    assert!(!flat.contains(">\n<control>"), "{flat}");
    let spaced = d.send(&request.replace("<includewhitespace>false</includewhitespace>", ""));
    assert!(
        spaced.contains("<response>\n    <control>\n        <status>success</status>"),
        "{spaced}"
    );
    let squeezed: String = spaced.lines().map(str::trim).collect();
    assert_eq!(squeezed, flat.replace('\n', ""));
}

#[test]
fn functions_the_schema_knows_and_the_tenant_lacks_fail_as_functions() {
    let mut d = desk();
    for name in ["readRelated", "create_vendor", "recallApBill", "readReport"] {
        d.fails(
            &format!("<{name}/>"),
            "BL01001973",
            "not set up in this company",
        );
    }
    d.breaks_schema("<readEverything/>", "readEverything");
}
