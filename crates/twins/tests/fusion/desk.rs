//! A desk with a freshly opened golden tenant, and short words for requests.

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tieout_twins::Twin as _;
use tieout_twins::company::CompanyFolder;
use tieout_twins::fusion::{FusionOptions, FusionTwin};

/// 2027-02-02T00:00:00Z, after the newest golden document.
pub(crate) const NOW: i64 = 1_801_526_400_000;
pub(crate) const RESOURCES: &str = "/fscmRestApi/resources/11.13.18.05";

pub(crate) fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

pub(crate) struct Reply {
    pub status: u16,
    pub media: String,
    pub location: Option<String>,
    pub text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn items(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["items"].as_array().unwrap().clone()
    }

    /// The message of a refusal.
    pub(crate) fn detail(&self) -> String {
        assert!(self.status >= 400, "not refused: {}", self.text);
        self.json()["o:errorDetails"][0]["detail"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) struct Desk {
    pub twin: FusionTwin,
    pub version: Option<u8>,
    pub now: i64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(FusionOptions::default())
    }

    pub(crate) fn with(options: FusionOptions) -> Self {
        Self::of(&CompanyFolder::new(golden()), options)
    }

    pub(crate) fn of(folder: &CompanyFolder, options: FusionOptions) -> Self {
        Self {
            twin: FusionTwin::open(folder, options).unwrap(),
            version: Some(4),
            now: NOW,
        }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, media: &str, body: &str) -> Reply {
        let (user, password) = self.twin.login();
        let auth = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let uri = if path.starts_with("/fscm") || path.starts_with("/ess") {
            path.to_owned()
        } else {
            format!("{RESOURCES}/{path}")
        };
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("Authorization", auth)
            .header("Host", "pod.example");
        if let Some(version) = self.version {
            request = request.header("REST-Framework-Version", version.to_string());
        }
        if !media.is_empty() {
            request = request.header("Content-Type", media);
        }
        let answer = self.twin.answer(
            self.now,
            request.body(Bytes::from(body.to_owned())).unwrap(),
        );
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|v| v.to_str().unwrap().to_owned())
        };
        Reply {
            status: answer.status().as_u16(),
            media: header("content-type").unwrap_or_default(),
            location: header("location"),
            text: String::from_utf8(answer.body().to_vec()).unwrap(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", &encode(path), "", "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "application/json", &body.to_string())
    }

    pub(crate) fn patch(&mut self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, "application/json", &body.to_string())
    }

    pub(crate) fn act(&mut self, path: &str, body: &Value) -> Reply {
        self.send(
            "POST",
            path,
            "application/vnd.oracle.adf.action+json",
            &body.to_string(),
        )
    }

    /// Imports a file; gives the load request id.
    pub(crate) fn import(&mut self, csv: &str, ledger: &str, group: &str) -> String {
        let reply = self.post(
            "erpintegrations",
            &bulk(
                csv,
                &format!("{ledger},Sage Intacct,{ledger},{group},N,N,W"),
            ),
        );
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["ReqstId"].as_str().unwrap().to_owned()
    }

    /// The statuses of a request tree, depth first: name and status.
    pub(crate) fn tree(&mut self, id: &str) -> Vec<(String, String)> {
        let items = self
            .get(&format!(
                "erpintegrations?finder=ESSExecutionDetailsRF;requestId={id}"
            ))
            .items();
        let text: Value =
            serde_json::from_str(items[0]["RequestStatus"].as_str().unwrap()).unwrap();
        let mut out = Vec::new();
        walk(&text["JOBS"], &mut out);
        out
    }

    /// All logs of a request as one text.
    pub(crate) fn logs(&mut self, id: &str) -> String {
        let items = self
            .get(&format!(
                "erpintegrations?finder=ESSJobExecutionDetailsRF;requestId={id},fileType=ALL"
            ))
            .items();
        let bytes = STANDARD
            .decode(items[0]["DocumentContent"].as_str().unwrap())
            .unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        for place in 0..archive.len() {
            std::io::Read::read_to_string(&mut archive.by_index(place).unwrap(), &mut text)
                .unwrap();
        }
        text
    }
}

fn walk(job: &Value, out: &mut Vec<(String, String)>) {
    out.push((
        job["JOBNAME"].as_str().unwrap().to_owned(),
        job["STATUS"].as_str().unwrap().to_owned(),
    ));
    match &job["CHILD"] {
        Value::Array(list) => list.iter().for_each(|j| walk(j, out)),
        Value::Object(_) => walk(&job["CHILD"], out),
        _ => {}
    }
}

/// Encodes what a URI may not hold, leaving what is encoded already.
pub(crate) fn encode(path: &str) -> String {
    path.replace(' ', "%20")
        .replace('\'', "%27")
        .replace('"', "%22")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('|', "%7C")
}

pub(crate) fn zipped(name: &str, csv: &str) -> String {
    archive(&[(name, csv)])
}

pub(crate) fn archive(files: &[(&str, &str)]) -> String {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, csv) in files {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(csv.as_bytes()).unwrap();
    }
    STANDARD.encode(archive.finish().unwrap().into_inner())
}

pub(crate) fn bulk(csv: &str, parameters: &str) -> Value {
    json!({
        "OperationName": "importBulkData", "DocumentContent": zipped("GlInterface.csv", csv), "ContentType": "zip", "FileName": "T.zip",
        "DocumentAccount": "fin$/generalLedger$/import$",
        "JobName": "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher",
        "ParameterList": parameters, "CallbackURL": "#NULL", "NotificationCode": "10",
        "JobOptions": "InterfaceDetails=15,ImportOption=Y,PurgeOption=N,ExtractFileType=ALL",
    })
}

/// A row of GlInterface.csv, changed column by column.
#[derive(Clone)]
pub(crate) struct Gl(Vec<String>);

impl Gl {
    pub(crate) fn new(ledger: &str, date: &str, combination: &str, group: &str) -> Self {
        let mut row = Self(vec![String::new(); 149]);
        let fixed = [
            (1, "NEW"),
            (3, date),
            (4, "Sage Intacct"),
            (5, "Intacct Journal"),
            (6, "USD"),
            (7, "2027/02/02"),
            (8, "A"),
            (43, "SYNC-1"),
            (46, "J1"),
            (67, group),
            (92, ledger),
        ];
        for (column, text) in fixed {
            row = row.set(column, text);
        }
        for (place, part) in combination.split('-').enumerate() {
            row = row.set(9 + place, part);
        }
        row
    }

    pub(crate) fn set(mut self, column: usize, text: &str) -> Self {
        self.0[column - 1] = text.to_owned();
        self
    }

    pub(crate) fn debit(self, amount: &str) -> Self {
        self.set(39, amount)
    }

    pub(crate) fn credit(self, amount: &str) -> Self {
        self.set(40, amount)
    }
}

pub(crate) fn file(rows: &[Gl]) -> String {
    let line = |row: &Gl| {
        row.0
            .iter()
            .map(|c| {
                if c.contains(',') {
                    format!("\"{c}\"")
                } else {
                    c.clone()
                }
            })
            .collect::<Vec<String>>()
            .join(",")
    };
    rows.iter().map(|r| line(r) + "\n").collect()
}

pub(crate) fn bill(number: &str, amount: &str) -> Value {
    let amount: Value = serde_json::from_str(amount).unwrap();
    json!({
        "InvoiceNumber": number, "BusinessUnit": "BU_WMB_US_OPS", "Supplier": "Papercrane Hosting (made up)", "SupplierSite": "MAIN",
        "InvoiceAmount": amount, "InvoiceCurrency": "USD", "InvoiceDate": "2026-12-03", "AccountingDate": "2026-12-03",
        "Description": "Rent", "InvoiceSource": "Sage Intacct", "LiabilityDistribution": "200-0000-20000-0000-000",
        "invoiceDff": [{"__FLEX_Context": "INTACCT", "sourceStamp": format!("stamp:{number}"), "sourceDocument": number, "crosswalkVersion": "v1"}],
        "invoiceLines": [{"LineNumber": 1, "LineType": "Item", "LineAmount": amount, "DistributionCombination": "200-1100-60300-0000-000",
                          "invoiceLineDff": [{"__FLEX_Context": "INTACCT", "attribute1": "PJ-01", "attribute4": "RG-NONE"}]}],
    })
}

/// Rows of a CSV text as maps of column and cell.
pub(crate) fn table(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|r| {
            header
                .iter()
                .map(str::to_owned)
                .zip(r.unwrap().iter().map(str::to_owned))
                .collect()
        })
        .collect()
}

/// The balance of a trial-balance row, or nothing.
pub(crate) fn balance(desk: &Desk, snapshot: &str, combination: &str) -> Option<String> {
    let text = desk.twin.trial_balance_csv();
    let found = table(&text).into_iter().find(|r| {
        let parts = [
            "company",
            "cost_center",
            "account",
            "product",
            "intercompany",
        ]
        .map(|c| r[c].as_str());
        r["snapshot"] == snapshot && parts.join("-") == combination
    });
    found.map(|r| r["balance"].clone())
}
