//! `erpintegrations`: file-based import, uploads and scheduled processes by REST (fusion.md §5.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::query::finder;
use super::{Answer, COLLECTION, Call};
use crate::fusion::body::{only, text};
use crate::fusion::fault::Fault;
use crate::fusion::import::{
    INVOICES_OPTION, ImportOrder, JOURNALS_OPTION, Subject, split_parameters,
};
use crate::fusion::jobs::{Job, Origin, Work};
use crate::fusion::{FusionTwin, USER};

const PACKAGE: &str = "/oracle/apps/ess/financials/generalLedger/programs/common";
const LAUNCHER: &str = "JournalImportLauncher";
const LOADER: &str = "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader";
/// Both spellings of the import account (fusion.md §5.1 [S][S-live]).
const JOURNAL_ACCOUNTS: [&str; 2] = ["fin$/generalLedger$/import$", "fin/generalLedger/import"];
const INVOICE_ACCOUNTS: [&str; 2] = ["fin$/payables$/import$", "fin/payables/import"];
const INVOICE_PACKAGE: &str = "/oracle/apps/ess/financials/payables/invoices/transactions";
const INVOICE_IMPORT: &str = "APXIIMPT";

const KNOWN: [&str; 17] = [
    "OperationName",
    "DocumentContent",
    "ContentType",
    "FileName",
    "DocumentAccount",
    "JobName",
    "ParameterList",
    "CallbackURL",
    "NotificationCode",
    "JobOptions",
    "DocumentId",
    "JobPackageName",
    "JobDefName",
    "ESSParameters",
    "ReqstId",
    "FileType",
    "Comments",
];

impl FusionTwin {
    pub(super) fn integration_post(
        &mut self,
        call: &Call<'_>,
        body: &Map<String, Json>,
    ) -> Result<Answer, Fault> {
        only(body, |k| KNOWN.contains(&k), "/")?;
        let operation =
            text(body, "OperationName", 80, "/")?.ok_or_else(|| required("OperationName"))?;
        let mut echo = body.clone();
        echo.remove("DocumentContent");
        let (name, value) = match operation {
            "importBulkData" => ("ReqstId", self.import_bulk(body)?),
            "uploadFileToUCM" => ("DocumentId", self.upload(body)?),
            "submitESSJobRequest" => ("ReqstId", self.submit(body)?),
            "getDocumentForDocumentId" => {
                let id =
                    text(body, "DocumentId", 20, "/")?.ok_or_else(|| required("DocumentId"))?;
                let found = id.parse().ok().and_then(|id| self.jobs.document(id));
                let found = found.ok_or_else(|| Fault::not_listed("DocumentId", "/"))?;
                ("DocumentContent", STANDARD.encode(found))
            }
            "downloadESSJobExecutionDetails" => {
                let id = text(body, "ReqstId", 20, "/")?.ok_or_else(|| required("ReqstId"))?;
                ("DocumentContent", self.log_archive(id)?)
            }
            other => {
                return Err(Fault::bad(
                    format!("The operation {other} isn't valid."),
                    "/",
                ));
            }
        };
        echo.insert(name.to_owned(), Json::String(value));
        self.changed();
        let path = format!("{}{}/erpintegrations", call.origin, call.root);
        echo.insert(
            "links".into(),
            json!([{"rel": "self", "href": path, "name": "erpintegrations", "kind": "item"}]),
        );
        Ok(Answer::created(Json::Object(echo).to_string(), path))
    }

    fn uploaded(
        &self,
        body: &Map<String, Json>,
        zip_only: bool,
    ) -> Result<(String, Vec<u8>), Fault> {
        let content = body
            .get("DocumentContent")
            .and_then(Json::as_str)
            .ok_or_else(|| required("DocumentContent"))?;
        let name = text(body, "FileName", 250, "/")?.ok_or_else(|| required("FileName"))?;
        let account =
            text(body, "DocumentAccount", 100, "/")?.ok_or_else(|| required("DocumentAccount"))?;
        if !JOURNAL_ACCOUNTS.contains(&account) && !INVOICE_ACCOUNTS.contains(&account) {
            return Err(Fault::not_listed("DocumentAccount", "/"));
        }
        let kind = text(body, "ContentType", 30, "/")?.ok_or_else(|| required("ContentType"))?;
        if zip_only && !kind.eq_ignore_ascii_case("zip") {
            return Err(Fault::not_listed("ContentType", "/"));
        }
        let bytes = STANDARD
            .decode(content)
            .map_err(|_| Fault::bad("The document content isn't valid base64.", "/"))?;
        Ok((name.to_owned(), bytes))
    }

    pub(super) fn import_bulk(&mut self, body: &Map<String, Json>) -> Result<String, Fault> {
        let (_, content) = self.uploaded(body, true)?;
        let job = text(body, "JobName", 250, "/")?.ok_or_else(|| required("JobName"))?;
        let account = text(body, "DocumentAccount", 100, "/")?.unwrap_or_default();
        let subject = match job.split_once(',') {
            Some((PACKAGE, LAUNCHER)) => Subject::Journals,
            Some((INVOICE_PACKAGE, INVOICE_IMPORT)) => Subject::Invoices,
            _ => return Err(unknown_job(job)),
        };
        let accounts = if subject == Subject::Journals {
            JOURNAL_ACCOUNTS
        } else {
            INVOICE_ACCOUNTS
        };
        if !accounts.contains(&account) {
            return Err(Fault::not_listed("DocumentAccount", "/"));
        }
        let options = text(body, "JobOptions", 500, "/")?.unwrap_or_default();
        let option = |name: &str| {
            let pairs = options.split(',').filter_map(|p| p.split_once('='));
            pairs
                .filter(|(n, _)| n.trim().eq_ignore_ascii_case(name))
                .map(|(_, v)| v.trim().to_owned())
                .next()
        };
        let details = option("InterfaceDetails")
            .ok_or_else(|| Fault::bad("JobOptions must give InterfaceDetails.", "/"))?;
        if subject_of(&details)? != subject {
            return Err(Fault::bad(
                format!("The import {details} doesn't belong to the job {job}."),
                "/",
            ));
        }
        let parameters =
            text(body, "ParameterList", 2000, "/")?.ok_or_else(|| required("ParameterList"))?;
        let parameters = split_parameters(parameters);
        let import = option("ImportOption").is_none_or(|v| v.eq_ignore_ascii_case("Y"));
        let purge = option("PurgeOption").is_some_and(|v| v.eq_ignore_ascii_case("Y"));
        let now = self.clock.now;
        let path = format!("{LOADER},InterfaceLoaderController");
        let arguments = vec![details, String::new(), "N".into(), "N".into()];
        let load = self.jobs.submit(
            "Load Interface File for Import",
            &path,
            Origin::User(USER),
            arguments,
            now,
        );
        let order = ImportOrder {
            subject,
            load: Some(load),
            submitter: USER,
            parameters,
            purge,
            trouble: self.import.troubles.pop_front(),
        };
        Ok(self.start_load(load, content, subject, import.then_some(order)))
    }

    fn start_load(
        &mut self,
        load: usize,
        content: Vec<u8>,
        subject: Subject,
        then: Option<ImportOrder>,
    ) -> String {
        let path = format!("{LOADER},InterfaceLoaderSqlldrImport");
        let start = self.jobs.at(load).start;
        self.jobs.submit(
            "Load File to Interface",
            &path,
            Origin::Below(load),
            Vec::new(),
            start,
        );
        let due = self.jobs.at(load).end;
        self.jobs.later(
            due,
            Work::Load {
                job: load,
                content,
                subject,
                then,
            },
        );
        self.run_due();
        self.jobs.at(load).id.to_string()
    }

    pub(super) fn upload(&mut self, body: &Map<String, Json>) -> Result<String, Fault> {
        let (name, content) = self.uploaded(body, false)?;
        let id = 5_000_001 + i64::try_from(self.jobs.documents.len()).unwrap_or(0);
        let account = text(body, "DocumentAccount", 100, "/")?
            .unwrap_or_default()
            .to_owned();
        self.jobs.documents.push((id, name, account, content));
        Ok(id.to_string())
    }

    pub(super) fn submit(&mut self, body: &Map<String, Json>) -> Result<String, Fault> {
        let package =
            text(body, "JobPackageName", 250, "/")?.ok_or_else(|| required("JobPackageName"))?;
        let definition =
            text(body, "JobDefName", 250, "/")?.ok_or_else(|| required("JobDefName"))?;
        let arguments =
            split_parameters(text(body, "ESSParameters", 2000, "/")?.unwrap_or_default());
        let path = format!("{package},{definition}");
        let now = self.clock.now;
        match (package.trim_end_matches('/'), definition) {
            (LOADER, "InterfaceLoaderController") => {
                let [option, document, ..] = arguments.as_slice() else {
                    return Err(Fault::bad(
                        "The loader needs the import option and the document id.",
                        "/",
                    ));
                };
                let subject = subject_of(option)?;
                let found = document.parse().ok().and_then(|id| self.jobs.document(id));
                let content = found
                    .map(<[u8]>::to_vec)
                    .ok_or_else(|| Fault::not_listed("DocumentId", "/"))?;
                let load = self.jobs.submit(
                    "Load Interface File for Import",
                    &path,
                    Origin::User(USER),
                    arguments,
                    now,
                );
                Ok(self.start_load(load, content, subject, None))
            }
            (PACKAGE, LAUNCHER) | (INVOICE_PACKAGE, INVOICE_IMPORT) => {
                let subject = if definition == LAUNCHER {
                    Subject::Journals
                } else {
                    Subject::Invoices
                };
                let order = ImportOrder {
                    subject,
                    load: None,
                    submitter: USER,
                    parameters: arguments,
                    purge: false,
                    trouble: None,
                };
                let job = self.start_import(now, order);
                self.run_due();
                Ok(self.jobs.at(job).id.to_string())
            }
            (PACKAGE, "AutomaticPosting") => {
                let job = self.jobs.submit(
                    "AutoPost Journals",
                    &path,
                    Origin::User(USER),
                    arguments,
                    now,
                );
                let due = self.jobs.at(job).end;
                self.jobs.later(due, Work::PostAll { job });
                self.run_due();
                Ok(self.jobs.at(job).id.to_string())
            }
            _ => Err(unknown_job(&path)),
        }
    }

    /// Submits an import with its child; gives the position of the launcher.
    pub(crate) fn start_import(&mut self, start: i64, order: ImportOrder) -> usize {
        let above = order.load.filter(|_| !self.options.separate_import_request);
        let origin = order.origin(above);
        let (name, path, child_name, child_path) = match order.subject {
            Subject::Journals => (
                "Import Journals",
                format!("{PACKAGE},{LAUNCHER}"),
                "Import Journals: Child",
                format!("{PACKAGE},JournalImportChild"),
            ),
            Subject::Invoices => (
                "Import Payables Invoices",
                format!("{INVOICE_PACKAGE},{INVOICE_IMPORT}"),
                "Import Payables Invoices: Report",
                format!("{INVOICE_PACKAGE},{INVOICE_IMPORT}Report"),
            ),
        };
        let job = self
            .jobs
            .submit(name, &path, origin, order.parameters.clone(), start);
        let child = self.jobs.submit(
            child_name,
            &child_path,
            Origin::Below(job),
            order.parameters.clone(),
            start,
        );
        let due = self.jobs.at(job).end;
        self.jobs.later(due, Work::Import { job, child, order });
        job
    }

    fn log_archive(&self, id: &str) -> Result<String, Fault> {
        let found = id
            .parse()
            .ok()
            .and_then(|id| self.jobs.logs(id, self.clock.now));
        Ok(STANDARD.encode(
            found.ok_or_else(|| Fault::bad(format!("The request {id} doesn't exist."), "/"))?,
        ))
    }

    pub(super) fn integration_get(&self, call: &Call<'_>) -> Result<Answer, Fault> {
        let Some(text) = &call.query.finder else {
            return Err(Fault::bad(
                "The resource erpintegrations needs a finder.",
                "/",
            ));
        };
        let (name, variables) = finder(text)?;
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let id = variable("requestId")
            .ok_or_else(|| Fault::bad("The finder variable requestId is required.", "/"))?;
        let now = self.clock.now;
        let job = id.parse().ok().and_then(|id| self.jobs.find(id));
        let item = match name.as_str() {
            "ESSJobStatusRF" => {
                json!({"OperationName": null, "ReqstId": id, "RequestStatus": job.map_or("UNKNOWN", |j| j.word(now))})
            }
            "ESSExecutionDetailsRF" => {
                let job =
                    job.ok_or_else(|| Fault::bad(format!("The request {id} doesn't exist."), "/"))?;
                json!({"OperationName": null, "ReqstId": id, "RequestStatus": json!({"JOBS": self.tree(job, now)}).to_string()})
            }
            "ESSJobExecutionDetailsRF" => {
                json!({"OperationName": null, "ReqstId": id, "DocumentContent": self.log_archive(id)?})
            }
            _ => return Err(Fault::bad(format!("The finder {name} doesn't exist."), "/")),
        };
        let body = json!({"items": [item], "count": 1, "hasMore": false, "limit": 25, "offset": 0, "links": []});
        Ok(Answer::ok(COLLECTION, body.to_string()))
    }

    /// A request with everything below it; one child stands as an object, several as a list (fusion.md §5.1 [S]).
    fn tree(&self, job: &Job, now: i64) -> Json {
        let mut out = json!({"JOBNAME": job.name, "JOBPATH": job.path, "REQUESTID": job.id.to_string(), "STATUS": job.word(now)});
        let children: Vec<Json> = self
            .jobs
            .children(job.id)
            .filter(|c| c.start <= now)
            .map(|c| self.tree(c, now))
            .collect();
        match children.as_slice() {
            [] => {}
            [one] => out["CHILD"] = one.clone(),
            _ => out["CHILD"] = Json::Array(children),
        }
        out
    }
}

fn required(name: &str) -> Fault {
    Fault::required(name, "ErpIntegrations", "/")
}

/// What an import option stands for.
fn subject_of(option: &str) -> Result<Subject, Fault> {
    match option {
        JOURNALS_OPTION => Ok(Subject::Journals),
        INVOICES_OPTION => Ok(Subject::Invoices),
        _ => Err(Fault::bad(
            format!("The import {option} isn't set up on this tenant."),
            "/",
        )),
    }
}

fn unknown_job(job: &str) -> Fault {
    Fault::bad(
        format!("The user doesn't have access to the ESS job definition {job}. (FUN-720397)"),
        "/",
    )
}
