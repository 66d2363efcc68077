//! Authentication, framework versions, error shapes, queries, pages, fields, links.

use serde_json::{Value, json};
use tieout_twins::Twin as _;
use tieout_twins::fusion::FusionOptions;

use crate::desk::{Desk, bill, encode};

fn with_bills(count: usize) -> Desk {
    let mut desk = Desk::new();
    for number in 0..count {
        desk.now += 1000;
        let reply = desk.post(
            "invoices",
            &bill(&format!("B-{number:04}"), &format!("{}.50", number + 1)),
        );
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    desk
}

fn numbers(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|i| i["InvoiceNumber"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn without_credentials_an_html_page_comes_back() {
    let mut desk = Desk::new();
    for auth in [None, Some("Basic eDp5"), Some("Bearer abc")] {
        let mut request = http::Request::builder().uri("/fscmRestApi/resources/latest/ledgersLOV");
        if let Some(auth) = auth {
            request = request.header("Authorization", auth);
        }
        let answer = desk
            .twin
            .answer(0, request.body(bytes::Bytes::new()).unwrap());
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["content-type"], "text/html");
    }
}

#[test]
fn invented_endpoints_do_not_exist() {
    let mut desk = Desk::new();
    for name in [
        "payablesInvoices",
        "payments",
        "cashReceipts",
        "journals",
        "customers",
        "ledgerAccounts",
        "accountBalances",
        "codeCombinations",
        "requisitions",
        "bankAccounts",
        "ledgers",
        "journalErrors",
        "invoiceLines",
    ] {
        assert_eq!(desk.get(name).status, 404, "{name}");
    }
    assert_eq!(
        desk.get("/fscmRestApi/resources/11.13.18.99/invoices")
            .status,
        404
    );
    assert_eq!(
        desk.get("/fscmRestApi/resources/latest/invoices").status,
        200
    );
    assert_eq!(
        desk.post("journalBatches", &json!({"BatchName": "X"}))
            .status,
        405
    );
    assert_eq!(
        desk.send("PUT", "invoices", "application/json", "{}")
            .status,
        405
    );
}

#[test]
fn errors_are_text_before_version_four_and_structured_after() {
    let mut desk = Desk::new();
    let mut wrong = bill("E-1", "1.00");
    wrong["VendorName"] = json!("x");
    for version in 1..=9 {
        desk.version = Some(version);
        let reply = desk.post("invoices", &wrong);
        assert_eq!(reply.status, 400);
        if version < 4 {
            assert_eq!(reply.media, "text/plain");
            assert_eq!(
                reply.text,
                "Invalid attribute \"VendorName\" in the payload."
            );
        } else {
            assert_eq!(reply.media, "application/vnd.oracle.adf.error+json");
            assert_eq!(reply.json()["status"], "400");
            assert_eq!(reply.json()["title"], "Bad Request");
            assert_eq!(
                reply.detail(),
                "Invalid attribute \"VendorName\" in the payload."
            );
        }
    }
    desk.version = Some(10);
    assert_eq!(desk.get("invoices").status, 400);
    desk.version = None;
    assert_eq!(desk.post("invoices", &wrong).media, "text/plain");
}

#[test]
fn expanded_children_are_arrays_before_version_three() {
    let mut desk = with_bills(1);
    for (version, array) in [(1, true), (2, true), (3, false), (4, false), (9, false)] {
        desk.version = Some(version);
        let items = desk
            .get("invoices?expand=invoiceLines.invoiceDistributions,invoiceDff")
            .items();
        let lines = &items[0]["invoiceLines"];
        assert_eq!(lines.is_array(), array, "version {version}");
        let line = if array { &lines[0] } else { &lines["items"][0] };
        assert_eq!(line["DistributionCombination"], "200-1100-60300-0000-000");
        if !array {
            assert_eq!(lines["count"], 1);
            assert_eq!(lines["hasMore"], false);
            assert_eq!(
                line["invoiceDistributions"]["items"][0]["AccountingStatus"],
                "Accounted"
            );
        }
        assert_eq!(items[0]["InvoiceId"].is_string(), version == 9);
        assert_eq!(line["LineNumber"].is_string(), version == 9);
        assert!(items[0]["InvoiceAmount"].is_number());
    }
}

/// Version of the framework, question, and how many bills are found; from 1000 on the status of a refusal.
const QUESTIONS: [(u8, &str, usize); 27] = [
    (1, "InvoiceNumber='B-0001'", 1),
    (1, "InvoiceNumber=B-0001", 1),
    (1, "InvoiceNumber LIKE 'B-*';InvoiceAmount > 3", 3),
    (1, "InvoiceNumber LIKE 'B-%25';InvoiceAmount > 3", 3),
    (1, "InvoiceNumber='B-0001' or InvoiceNumber='B-0002'", 1400),
    (2, "InvoiceNumber='B-0001' or InvoiceNumber='B-0002'", 2),
    (2, "InvoiceNumber='b-0001'", 0),
    (2, "upper(InvoiceNumber)='B-0001'", 1),
    (2, "InvoiceNumber in ('B-0001','B-0003','nope')", 2),
    (2, "InvoiceAmount between 2 and 4", 2),
    (2, "InvoiceAmount=1.50", 1),
    (
        2,
        "(InvoiceAmount<2 or InvoiceAmount>=5.5) and ValidationStatus='Validated'",
        2,
    ),
    (2, "not (InvoiceAmount<2 or InvoiceAmount>=5.5)", 3),
    (2, "InvoiceGroup is null", 5),
    (2, "InvoiceGroup is not null", 0),
    (2, "AccountingDate='2026-12-03'", 5),
    (2, "AccountingDate > '2026-12-03'", 0),
    (
        2,
        "AccountingDate >= '2026-12-01' and AccountingDate <= '2026-12-31'",
        5,
    ),
    (
        2,
        "invoiceLines.LineType='Item' and invoiceDff.sourceStamp='stamp:B-0002'",
        1,
    ),
    (
        2,
        "invoiceDff.sourceStamp in ('stamp:B-0002','stamp:B-0004')",
        2,
    ),
    (2, "InvoiceNumber='B-0001';InvoiceAmount=2.5", 1400),
    (2, "NoSuch='x'", 1400),
    (2, "InvoiceAmount='abc'", 1400),
    (2, "InvoiceDate='01/02/2026'", 1400),
    (2, "InvoiceNumber=B", 1400),
    (
        2,
        "BusinessUnit='BU_WMB_US_OPS' and Supplier like '*Hosting*'",
        5,
    ),
    (2, "BusinessUnit!='BU_WMB_US_OPS'", 0),
];

#[test]
fn both_grammars_of_q_find_the_same() {
    let mut desk = with_bills(5);
    let count = |desk: &mut Desk, version: u8, q: &str| {
        desk.version = Some(version);
        let reply = desk.get(&format!(
            "invoices?q={q}&onlyData=true&fields=InvoiceNumber"
        ));
        if reply.status == 200 {
            reply.items().len()
        } else {
            1000 + usize::from(reply.status)
        }
    };
    for (version, q, expected) in QUESTIONS {
        assert_eq!(
            count(&mut desk, version, &q.replace('+', "%2B")),
            expected,
            "v{version} {q}"
        );
    }
    let many: Vec<String> = (0..100)
        .map(|n| format!("InvoiceNumber='B-{n:04}'"))
        .collect();
    assert_eq!(count(&mut desk, 4, &many.join(" or ")), 5);
}

#[test]
fn a_lenient_tenant_takes_row_match_under_version_one() {
    let mut desk = Desk::with(FusionOptions {
        lenient_q: true,
        ..FusionOptions::default()
    });
    desk.version = None;
    assert_eq!(
        desk.get("ledgersLOV?q=Name=\"WMB_US_USD\" AND CurrencyCode LIKE \"U*\"")
            .items()
            .len(),
        1
    );
}

#[test]
fn change_times_select_and_order() {
    let mut desk = with_bills(6);
    let items = desk
        .get("invoices?fields=InvoiceNumber,LastUpdateDate")
        .items();
    let third = items[2]["LastUpdateDate"]
        .as_str()
        .unwrap()
        .replace('+', "%2B");
    let later = desk
        .get(&format!(
            "invoices?q=LastUpdateDate > '{third}'&fields=InvoiceNumber&onlyData=true"
        ))
        .items();
    assert_eq!(numbers(&later), ["B-0003", "B-0004", "B-0005"]);
    let since = desk
        .get(&format!(
            "invoices?q=CreationDate >= '{third}' and InvoiceAmount < 5&fields=InvoiceNumber"
        ))
        .items();
    assert_eq!(numbers(&since), ["B-0002", "B-0003"]);
    let down = desk
        .get("invoices?orderBy=InvoiceAmount:desc,InvoiceId&limit=2&fields=InvoiceNumber")
        .items();
    assert_eq!(numbers(&down), ["B-0005", "B-0004"]);
    assert_eq!(desk.get("invoices?orderBy=Nope").status, 400);
}

#[test]
fn pages_add_up_and_five_hundred_is_a_trap() {
    let mut desk = with_bills(510);
    let default = desk
        .get("invoices?onlyData=true&fields=InvoiceNumber")
        .json();
    assert_eq!(
        (
            default["count"].clone(),
            default["limit"].clone(),
            default["hasMore"].clone()
        ),
        (json!(25), json!(25), json!(true))
    );
    let trapped = desk
        .get("invoices?limit=500&onlyData=true&fields=InvoiceNumber&totalResults=true")
        .json();
    assert_eq!(
        (
            trapped["count"].clone(),
            trapped["hasMore"].clone(),
            trapped["totalResults"].clone()
        ),
        (json!(499), json!(true), json!(510))
    );
    let mut seen = Vec::new();
    loop {
        let page = desk
            .get(&format!(
                "invoices?limit=499&offset={}&onlyData=true&fields=InvoiceNumber",
                seen.len()
            ))
            .json();
        assert_eq!(
            page["count"].as_u64().unwrap(),
            u64::try_from(page["items"].as_array().unwrap().len()).unwrap()
        );
        assert_eq!(
            page["offset"].as_u64().unwrap(),
            u64::try_from(seen.len()).unwrap()
        );
        seen.extend(numbers(page["items"].as_array().unwrap()));
        if page["hasMore"] == false {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 510);
    let beyond = desk.get("invoices?offset=5000").json();
    assert_eq!(
        (beyond["count"].clone(), beyond["hasMore"].clone()),
        (json!(0), json!(false))
    );
    for wrong in ["limit=0", "limit=x", "offset=-1"] {
        assert_eq!(
            desk.get(&format!("invoices?{wrong}")).status,
            400,
            "{wrong}"
        );
    }
    let mut plain = Desk::with(FusionOptions {
        page_trap_499: false,
        ..FusionOptions::default()
    });
    assert_eq!(plain.get("invoices?limit=500").json()["limit"], 500);
    assert_eq!(plain.get("invoices?limit=9999").json()["limit"], 500);
}

#[test]
fn a_page_search_is_fresh_after_a_write() {
    let mut desk = with_bills(1);
    let path = "invoices?q=InvoiceNumber like 'B-%25'&fields=InvoiceNumber";
    assert_eq!(desk.get(path).items().len(), 1);
    assert_eq!(desk.post("invoices", &bill("B-X", "1.00")).status, 201);
    assert_eq!(desk.get(path).items().len(), 2);
}

#[test]
fn children_are_cut_silently_and_followed_by_their_link() {
    let mut desk = Desk::with(FusionOptions {
        child_page: 3,
        ..FusionOptions::default()
    });
    let mut body = bill("LONG", "5.00");
    let line = json!({"LineAmount": 1, "DistributionCombination": "200-1100-60300-0000-000"});
    body["invoiceLines"] = json!(vec![line; 5]);
    assert_eq!(desk.post("invoices", &body).status, 201);
    let item = desk.get("invoices?expand=invoiceLines").items().remove(0);
    assert_eq!(
        (
            item["invoiceLines"]["count"].clone(),
            item["invoiceLines"]["hasMore"].clone()
        ),
        (json!(3), json!(true))
    );
    let links = item["links"].as_array().unwrap();
    let child = links
        .iter()
        .find(|l| l["rel"] == "child" && l["name"] == "invoiceLines")
        .unwrap()["href"]
        .as_str()
        .unwrap();
    let path = child.strip_prefix("http://pod.example").unwrap();
    assert_eq!(desk.get(path).items().len(), 5);
    assert_eq!(
        desk.get(&format!("{path}?q=LineNumber=4")).items()[0]["LineNumber"],
        4
    );
    let line = desk.get(path).items().remove(1);
    let own = line["links"][0]["href"]
        .as_str()
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap();
    assert_eq!(desk.get(own).json()["LineNumber"], 2);
    assert_eq!(links.iter().filter(|l| l["rel"] == "self").count(), 1);
}

#[test]
fn fields_choose_and_wrong_fields_are_refused() {
    let mut desk = with_bills(1);
    let reply = desk.get("invoices?fields=InvoiceNumber;invoiceLines:LineAmount;invoiceLines.invoiceLineDff:attribute1&onlyData=true");
    let item = &reply.items()[0];
    assert_eq!(
        item.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["InvoiceNumber", "invoiceLines"]
    );
    assert_eq!(
        item["invoiceLines"]["items"][0]["invoiceLineDff"]["items"][0],
        json!({"attribute1": "PJ-01"})
    );
    assert_eq!(desk.get("invoices?fields=VendorName").status, 400);
    assert_eq!(desk.get("invoices?expand=nothing").status, 400);
    assert!(
        desk.get("invoices?onlyData=true").items()[0]
            .get("links")
            .is_none()
    );
}

#[test]
fn keys_are_opaque_and_plain_ids_are_an_option() {
    let mut desk = with_bills(1);
    let item = desk.get("invoices").items().remove(0);
    let path = item["links"][0]["href"]
        .as_str()
        .unwrap()
        .strip_prefix("http://pod.example")
        .unwrap()
        .to_owned();
    assert_eq!(desk.get(&path).json()["InvoiceNumber"], "B-0000");
    let id = item["InvoiceId"].to_string();
    assert_eq!(id.len(), 15);
    assert_eq!(desk.get(&format!("invoices/{id}")).status, 404);
    let other = path.replace(['0', '1'], "2");
    assert_eq!(desk.get(&other).status, 404);
    let mut plain = Desk::with(FusionOptions {
        plain_invoice_ids: true,
        ..FusionOptions::default()
    });
    assert_eq!(plain.post("invoices", &bill("B-0000", "1.00")).status, 201);
    assert_eq!(
        plain.get(&format!("invoices/{id}")).json()["InvoiceNumber"],
        "B-0000"
    );
    assert_eq!(
        desk.get(&format!("invoices?finder=PrimaryKey;InvoiceId={id}"))
            .items()
            .len(),
        1
    );
    assert_eq!(desk.get("invoices?finder=Nope;InvoiceId=1").status, 400);
}

#[test]
fn metadata_lists_what_exists() {
    let mut desk = Desk::new();
    let versions = desk.get("/fscmRestApi/resources").json();
    assert_eq!(
        versions["items"][0]["adf:extension"]["defaultFrameworkVersion"],
        "1"
    );
    let catalogue = desk.get("/fscmRestApi/resources/11.13.18.05").json();
    assert!(
        catalogue["links"]
            .as_array()
            .unwrap()
            .iter()
            .any(|l| l["name"] == "journalBatches")
    );
    let describe = desk.get("invoices/describe").json();
    let shape = &describe["Resources"]["invoices"];
    assert!(
        shape["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|a| a["name"] == "LiabilityDistribution")
    );
    assert!(
        shape["children"]["invoiceDff"]["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|a| a["name"] == "sourceStamp")
    );
}

#[test]
fn media_types_are_checked() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.send("POST", "invoices", "text/plain", "{}").status,
        415
    );
    assert_eq!(
        desk.send("POST", "invoices", "application/json", "[]")
            .status,
        400
    );
    assert_eq!(
        desk.send("POST", "invoices", "application/json", "{")
            .status,
        400
    );
    assert_eq!(
        desk.post("invoices/action/cancelInvoice", &json!({"InvoiceId": 1}))
            .status,
        415
    );
    assert_eq!(desk.act("invoices/action/noSuch", &json!({})).status, 404);
    assert_eq!(desk.get(&encode("invoices?q=%FF")).status, 400);
}
