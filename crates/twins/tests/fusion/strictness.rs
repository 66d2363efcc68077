//! What a stranger to the twin tried: compressed bodies, methods, finders without variables, split lines, files with other rows.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;
use tieout_twins::Twin as _;

use crate::desk::{Desk, Gl, RESOURCES, archive, balance, bill, bulk, file};

/// A request with any headers; answers status, headers, body.
fn raw(
    desk: &mut Desk,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> http::Response<Bytes> {
    let (user, password) = desk.twin.login();
    let auth = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{RESOURCES}/{path}"))
        .header("Authorization", auth)
        .header("REST-Framework-Version", "4");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::from(body)).unwrap();
    desk.twin.answer(desk.now, request)
}

#[test]
fn compressed_bodies_go_both_ways() {
    let mut desk = Desk::new();
    let plain = raw(&mut desk, "GET", "suppliers", &[], Vec::new());
    assert!(plain.headers().get("content-encoding").is_none());
    for (coding, accept) in [
        ("gzip", "deflate;q=0.5, gzip"),
        ("deflate", "gzip;q=0, deflate"),
    ] {
        let headers = [("Accept-Encoding", accept)];
        let answer = raw(&mut desk, "GET", "suppliers", &headers, Vec::new());
        assert_eq!(answer.headers()["content-encoding"], coding);
        let mut text = Vec::new();
        let body: &[u8] = answer.body();
        if coding == "gzip" {
            flate2::read::GzDecoder::new(body).read_to_end(&mut text)
        } else {
            flate2::read::ZlibDecoder::new(body).read_to_end(&mut text)
        }
        .unwrap();
        assert_eq!(text, plain.body().to_vec());
    }
    let small = raw(
        &mut desk,
        "GET",
        "suppliers?limit=1&fields=Supplier&onlyData=true",
        &[("Accept-Encoding", "gzip")],
        Vec::new(),
    );
    assert!(small.headers().get("content-encoding").is_none());
    let body = bill("Z-1", "10").to_string();
    let mut packed = Vec::new();
    flate2::read::ZlibEncoder::new(body.as_bytes(), flate2::Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "deflate"),
    ];
    let made = raw(&mut desk, "POST", "invoices", &headers, packed);
    assert_eq!(made.status(), 201);
    let broken = raw(&mut desk, "POST", "invoices", &headers, vec![1, 2, 3]);
    assert_eq!(broken.status(), 400);
    let odd = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "br"),
    ];
    assert_eq!(
        raw(&mut desk, "POST", "invoices", &odd, Vec::new()).status(),
        415
    );
}

#[test]
fn other_methods_are_named_or_refused() {
    let mut desk = Desk::new();
    let head = raw(&mut desk, "HEAD", "ledgersLOV", &[], Vec::new());
    assert_eq!(head.status(), 200);
    let put = raw(&mut desk, "PUT", "ledgersLOV", &[], Vec::new());
    assert_eq!(put.status(), 405);
    assert!(put.headers()["allow"].to_str().unwrap().contains("GET"));
}

#[test]
fn a_key_finder_needs_its_key() {
    let mut desk = Desk::new();
    let bare = desk.get("suppliers?finder=PrimaryKey");
    assert!(bare.detail().contains("variables are missing"));
    let odd = desk.get("suppliers?finder=PrimaryKey;SupplierId=abc");
    assert!(
        odd.detail().contains("parameter finder with value"),
        "{}",
        odd.text
    );
    let one = desk.get("suppliers?finder=PrimaryKey;SupplierId=300000002001");
    assert_eq!(one.items().len(), 1);
}

#[test]
fn suppliers_keep_what_they_are_given() {
    let mut desk = Desk::new();
    let body = json!({"Supplier": "NEW", "TaxOrganizationTypeCode": "CORPORATION", "BusinessRelationshipCode": "PROSPECTIVE",
        "DUNSNumber": "123456789", "FederalReportableFlag": true});
    let made = desk.post("suppliers", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = made.json();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(shown[name], *value, "{name}");
    }
    let path = format!("suppliers/{}", shown["SupplierId"]);
    let changed = desk.patch(&path, &json!({"DUNSNumber": "987654321"}));
    assert_eq!(changed.json()["DUNSNumber"], "987654321");
    assert_eq!(changed.json()["TaxOrganizationTypeCode"], "CORPORATION");
    let odd = json!({"Supplier": "ODD", "BusinessRelationshipCode": "FRIEND"});
    assert!(
        desk.post("suppliers", &odd)
            .detail()
            .contains("BusinessRelationshipCode")
    );
}

fn split(number: &str, parts: &[(&str, &str)]) -> serde_json::Value {
    let mut body = bill(number, "10.01");
    let rows: Vec<serde_json::Value> = parts
        .iter()
        .enumerate()
        .map(|(at, (amount, account))| {
            let amount: serde_json::Value = serde_json::from_str(amount).unwrap();
            json!({"DistributionLineNumber": at + 1, "DistributionLineType": "Item", "DistributionAmount": amount,
                "DistributionCombination": format!("200-1100-{account}-0000-000")})
        })
        .collect();
    let line = body["invoiceLines"][0].as_object_mut().unwrap();
    line.remove("DistributionCombination");
    line.insert("invoiceDistributions".to_owned(), json!(rows));
    body
}

#[test]
fn a_line_may_be_split_into_distributions() {
    let mut desk = Desk::new();
    let made = desk.post(
        "invoices",
        &split("D-1", &[("7.00", "60300"), ("3.01", "60100")]),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let shown = made.json();
    assert_eq!(shown["AccountingStatus"], "Accounted");
    let books = |desk: &Desk, account: &str| {
        balance(desk, "P12-2026", &format!("200-1100-{account}-0000-000"))
    };
    assert_eq!(books(&desk, "60300").as_deref(), Some("7.00"));
    assert_eq!(books(&desk, "60100").as_deref(), Some("3.01"));
    let read =
        "invoices?q=InvoiceNumber='D-1'&expand=invoiceLines.invoiceDistributions&onlyData=true";
    let line = desk.get(read).items()[0]["invoiceLines"]["items"][0].clone();
    assert!(line["DistributionCombination"].is_null());
    let rows = line["invoiceDistributions"]["items"]
        .as_array()
        .unwrap()
        .clone();
    let amounts: Vec<f64> = rows
        .iter()
        .map(|r| r["DistributionAmount"].as_f64().unwrap())
        .collect();
    assert_eq!(amounts, [7.0, 3.01]);
    assert_eq!(
        rows[1]["DistributionCombination"],
        "200-1100-60100-0000-000"
    );
    let id = shown["InvoiceId"].clone();
    desk.act("invoices/action/cancelInvoice", &json!({"InvoiceId": id}));
    let line = desk.get(read).items()[0]["invoiceLines"]["items"][0].clone();
    assert_eq!(line["invoiceDistributions"]["count"], 4);
    for (parts, words) in [
        (
            vec![("7.00", "60300"), ("3.00", "60100")],
            "doesn't equal the line amount",
        ),
        (vec![("10.01", "99999")], "99999"),
    ] {
        let refused = desk.post("invoices", &split("D-2", &parts));
        assert!(refused.detail().contains(words), "{}", refused.text);
    }
    let mut both = split("D-3", &[("10.01", "60300")]);
    both["invoiceLines"][0]["DistributionCombination"] = json!("200-1100-60300-0000-000");
    assert!(desk.post("invoices", &both).detail().contains("not both"));
}

fn pair(status: &str, group: &str) -> Vec<Gl> {
    let row =
        |combination: &str| Gl::new("WMB_US_USD", "2026/12/10", combination, group).set(1, status);
    vec![
        row("200-1100-60300-0000-000").debit("5"),
        row("200-0000-20000-0000-000").credit("5"),
    ]
}

#[test]
fn only_new_and_rejected_rows_are_imported() {
    let mut desk = Desk::new();
    let held = desk.import(&file(&pair("HOLD", "71")), "WMB_US_USD", "71");
    assert!(desk.logs(&held).contains("No rows were selected."));
    let fresh = desk.import(&file(&pair("NEW", "72")), "WMB_US_USD", "72");
    assert!(desk.logs(&fresh).contains("Batches created: 1"));
}

#[test]
fn a_properties_file_may_lie_beside_the_rows_and_documents_come_back() {
    let mut desk = Desk::new();
    let csv = file(&pair("NEW", "73"));
    let zip = archive(&[("GlInterface.csv", &csv), ("job.properties", "a=b")]);
    let parameters = "WMB_US_USD,Sage Intacct,WMB_US_USD,73,N,N,W";
    let mut body = bulk(&csv, parameters);
    body["DocumentContent"] = json!(zip);
    let id = desk.post("erpintegrations", &body).json()["ReqstId"].clone();
    assert!(
        desk.logs(id.as_str().unwrap())
            .contains("2 Rows successfully loaded")
    );
    let text = STANDARD.encode("a,b");
    let up = desk.post(
        "erpintegrations",
        &json!({"OperationName": "uploadFileToUCM", "DocumentContent": text, "ContentType": "txt", "FileName": "a.txt",
            "DocumentAccount": "fin$/generalLedger$/import$", "DocumentId": null}),
    );
    assert_eq!(up.status, 201, "{}", up.text);
    let down = desk.post(
        "erpintegrations",
        &json!({"OperationName": "getDocumentForDocumentId", "DocumentId": up.json()["DocumentId"]}),
    );
    assert_eq!(down.json()["DocumentContent"], json!(text));
}

/// Sends a SOAP envelope; answers status and text.
pub(crate) fn soap(desk: &mut Desk, service: &str, body: &str) -> (u16, String) {
    let (user, password) = desk.twin.login();
    let auth = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let text = format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:typ=\"t\" xmlns:erp=\"e\"><soapenv:Header/>\
         <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    let request = http::Request::post(service)
        .header("Authorization", auth)
        .header("Content-Type", "text/xml")
        .header("SOAPAction", "x")
        .body(Bytes::from(text))
        .unwrap();
    let answer = desk.twin.answer(desk.now, request);
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), text)
}

const SERVICE: &str = "/fscmService/ErpIntegrationService?WSDL";

fn result(answer: &(u16, String)) -> String {
    assert_eq!(answer.0, 200, "{}", answer.1);
    let (_, rest) = answer.1.split_once("types/\">").unwrap();
    let (_, rest) = rest.split_once("types/\">").unwrap();
    rest.split_once("</result>").unwrap().0.to_owned()
}

#[test]
fn the_soap_service_loads_imports_and_tells() {
    let mut desk = Desk::new();
    let csv = file(&pair("NEW", "74"));
    let content = archive(&[("GlInterface.csv", &csv)]);
    let document = format!(
        "<typ:document><erp:Content>{content}</erp:Content><erp:FileName>a.zip</erp:FileName><erp:ContentType>zip</erp:ContentType>\
         <erp:DocumentTitle>a</erp:DocumentTitle><erp:DocumentAccount>fin/generalLedger/import</erp:DocumentAccount></typ:document>"
    );
    let up = format!("<typ:uploadFileToUcm>{document}</typ:uploadFileToUcm>");
    let id = result(&soap(&mut desk, SERVICE, &up));
    let submit = |package: &str, definition: &str, arguments: &[&str]| {
        let list: String = arguments
            .iter()
            .map(|a| format!("<typ:paramList>{a}</typ:paramList>"))
            .collect();
        format!(
            "<typ:submitESSJobRequest><typ:jobPackageName>{package}</typ:jobPackageName><typ:jobDefinitionName>{definition}</typ:jobDefinitionName>{list}</typ:submitESSJobRequest>"
        )
    };
    let loader = "oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader";
    let load = submit(
        loader,
        "InterfaceLoaderController",
        &["15", &id, "N", "N", ""],
    );
    let load = result(&soap(&mut desk, SERVICE, &load));
    let status = |id: &str| {
        format!("<typ:getESSJobStatus><typ:requestId>{id}</typ:requestId></typ:getESSJobStatus>")
    };
    assert_eq!(
        result(&soap(&mut desk, SERVICE, &status(&load))),
        "SUCCEEDED"
    );
    let launcher = "/oracle/apps/ess/financials/generalLedger/programs/common";
    let arguments = [
        "WMB_US_USD",
        "Sage Intacct",
        "WMB_US_USD",
        "74",
        "N",
        "N",
        "N",
    ];
    let import = submit(launcher, "JournalImportLauncher", &arguments);
    let import = result(&soap(&mut desk, SERVICE, &import));
    assert!(desk.logs(&import).contains("Batches created: 1"));
    // The service drops empty arguments at the end, so the list is too short.
    let short = [
        "WMB_US_USD",
        "Sage Intacct",
        "WMB_US_USD",
        "74",
        "N",
        "N",
        "",
    ];
    let short = submit(launcher, "JournalImportLauncher", &short);
    let short = result(&soap(&mut desk, SERVICE, &short));
    assert!(desk.logs(&short).contains("needs 7 arguments but got 6"));
    let at_once = format!(
        "<typ:loadAndImportData>{document}<typ:jobList><erp:JobName>{launcher},JournalImportLauncher</erp:JobName>\
         <erp:ParameterList>WMB_US_USD,Sage Intacct,WMB_US_USD,74,N,N,N</erp:ParameterList></typ:jobList>\
         <typ:interfaceDetails>15</typ:interfaceDetails><typ:notificationCode>20</typ:notificationCode><typ:callbackURL/></typ:loadAndImportData>"
    );
    let both = result(&soap(&mut desk, SERVICE, &at_once));
    assert!(desk.logs(&both).contains("Batches created: 1"));
    assert_eq!(result(&soap(&mut desk, SERVICE, &status("1"))), "UNKNOWN");
}

#[test]
fn soap_refusals_are_faults() {
    let mut desk = Desk::new();
    let job = "<typ:submitESSJobRequest><typ:jobPackageName>x</typ:jobPackageName><typ:jobDefinitionName>Y</typ:jobDefinitionName></typ:submitESSJobRequest>";
    for (body, words) in [
        (job, "(FUN-720397)"),
        ("<typ:shoe/>", "shoe"),
        ("<open>", "ill-formed"),
    ] {
        let (status, text) = soap(&mut desk, SERVICE, body);
        assert_eq!(status, 500, "{text}");
        assert!(
            text.contains("<faultstring>") && text.contains(words),
            "{text}"
        );
    }
    let reports = "/xmlpserver/services/v2/SecurityService?WSDL";
    let (user, password) = desk.twin.login();
    let login = |password: &str| {
        format!(
            "<v2:login xmlns:v2=\"v\"><v2:userID>{user}</v2:userID><v2:password>{password}</v2:password></v2:login>"
        )
    };
    assert!(
        soap(&mut desk, reports, &login(&password))
            .1
            .contains("<loginReturn>")
    );
    assert_eq!(soap(&mut desk, reports, &login("wrong")).0, 500);
}
