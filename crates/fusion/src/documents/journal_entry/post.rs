//! Sends journal entries as import files, one per ledger, and settles what became of each document.
//!
//! A crash between sending and storing the answer leaves an import nobody waits for; its documents are found by stamp like those of any lost
//! answer. Every file has a group id of its own, since rows left over from an old group would be picked up again (fusion.md §9.5).

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tieout_connector::{Batch, BatchOutcome, Fault, FaultOrigin, ItemOutcome};
use tieout_model::{Document, FaultClass, JobRef};

use crate::client::{Written, not_understood};
use crate::documents::journal_entry::encode::{FileMarks, encode, file_of};
use crate::documents::journal_entry::jobs::{ImportRef, Progress};
use crate::documents::journal_entry::report::{Report, rejection_of};
use crate::documents::refusal::{refused, unsendable, with_combinations};
use crate::setup::Ledger;
use crate::system::Fusion;
use crate::wire::archive::{base64_of, zip_of};
use crate::wire::attribute::text;

const OPERATION: &str = "POST erpintegrations";
/// The member's name must equal the control file's (fusion.md §5.4).
const MEMBER: &str = "GlInterface.csv";

/// One file to import.
struct ImportFile {
    marks: FileMarks,
    /// Positions in the batch.
    items: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Fusion {
    /// See [`tieout_connector::Target::post`].
    pub(crate) async fn post_journals(&self, batch: &Batch) -> BatchOutcome {
        let mut outcomes: BTreeMap<usize, ItemOutcome> = BTreeMap::new();
        let files = self.import_files(batch, &mut outcomes);
        let sendings: Vec<_> = files
            .iter()
            .map(|(ledger, file)| self.import(ledger, file))
            .collect();
        let sent: Vec<ItemOutcome> = stream::iter(sendings)
            .buffered(self.client.config.in_flight_max.max(1))
            .collect()
            .await;
        for ((_, file), outcome) in files.iter().zip(sent) {
            if matches!(outcome, ItemOutcome::Unknown(_)) {
                self.note_lost_import(batch, file);
            }
            outcomes.extend(file.items.iter().map(|&index| (index, outcome.clone())));
        }
        let ids = batch.items.iter().map(|item| item.id);
        BatchOutcome {
            items: ids.zip(outcomes.into_values()).collect(),
        }
    }

    fn note_lost_import(&self, batch: &Batch, file: &ImportFile) {
        let items = file
            .items
            .iter()
            .filter_map(|&index| batch.items.get(index));
        let settle_ms = self.client.config.import.lost_answer_settle_ms;
        let until_ms = self
            .client
            .ambient
            .clock
            .now()
            .millis()
            .saturating_add(settle_ms);
        self.imports
            .note_lost(items.map(|item| item.marks.stamp.clone()), until_ms);
    }

    /// Encodes the items into files by ledger; items that can't be sent get their outcome here.
    fn import_files(
        &self,
        batch: &Batch,
        outcomes: &mut BTreeMap<usize, ItemOutcome>,
    ) -> Vec<(String, ImportFile)> {
        let mut open: BTreeMap<String, ImportFile> = BTreeMap::new();
        let mut full = Vec::new();
        for (index, item) in batch.items.iter().enumerate() {
            let Document::JournalEntry(entry) = &item.document else {
                let remedy = "send it in a batch of its own kind";
                let rejection = unsendable("document", "it is no journal entry", remedy);
                outcomes.insert(index, ItemOutcome::Rejected(rejection));
                continue;
            };
            let draft = entry.draft();
            let ledger = draft
                .placement
                .as_ref()
                .map(|p| p.ledger.clone())
                .unwrap_or_default();
            let file = open
                .entry(ledger.clone())
                .or_insert_with(|| self.new_file());
            let rows = match encode(&self.client.config, &file.marks, item, draft) {
                Ok(rows) => rows,
                Err(rejection) => {
                    outcomes.insert(index, ItemOutcome::Rejected(rejection));
                    continue;
                }
            };
            file.rows.extend(rows);
            file.items.push(index);
            if file.rows.len() >= self.client.config.import.lines_max {
                full.extend(open.remove(&ledger).map(|file| (ledger, file)));
            }
        }
        full.extend(open);
        full.retain(|(_, file)| !file.items.is_empty());
        full
    }

    fn new_file(&self) -> ImportFile {
        let now = self.client.ambient.clock.now();
        let group = self
            .imports
            .next_group(now.millis(), self.client.ambient.entropy.draw());
        let created = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
        ImportFile {
            marks: FileMarks {
                group: group.to_string(),
                created: jiff::tz::Offset::UTC.to_datetime(created).date(),
            },
            items: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Sends one file; the outcome is that of every document in it.
    async fn import(&self, ledger: &str, file: &ImportFile) -> ItemOutcome {
        let found = match self.ledger(ledger).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                let message = format!("ledger {ledger:?} is not visible to the integration user");
                let remedy = "correct the ledger name of the entity, or give the user data access to the ledger";
                return ItemOutcome::Rejected(unsendable("ledger", message, remedy));
            }
            // The ledger is only looked up; the file was not sent.
            Err(fault) => return ItemOutcome::NotDone(fault),
        };
        let body = match self.import_body(&found, file) {
            Ok(body) => body,
            Err(why) => return ItemOutcome::NotDone(not_understood(OPERATION, why)),
        };
        let path = self.client.resource("erpintegrations");
        match self.client.write(OPERATION, &path, &body).await {
            Ok(Written::Done(answer)) => {
                let answer = serde_json::from_slice(&answer).unwrap_or_default();
                self.accepted(ledger, file, &text(&answer, "ReqstId"))
            }
            Ok(Written::Refused(words)) => ItemOutcome::Rejected(refused(words)),
            Err(fault) if fault.class == FaultClass::Indeterminate => ItemOutcome::Unknown(fault),
            Err(fault) => ItemOutcome::NotDone(fault),
        }
    }

    fn accepted(&self, ledger: &str, file: &ImportFile, request: &str) -> ItemOutcome {
        if request.parse::<u64>().is_ok_and(|id| id > 0) {
            let import = ImportRef {
                request: request.to_owned(),
                group: file.marks.group.clone(),
                ledger: ledger.to_owned(),
            };
            return ItemOutcome::Accepted(import.to_job());
        }
        // Without a request id nobody can say whether an import runs, so nothing is sent again before a look-up.
        let detail = format!("the answer has no request id (ReqstId {request:?})");
        let (class, origin) = (FaultClass::Indeterminate, FaultOrigin::Application);
        ItemOutcome::Unknown(Fault::new(class, origin, OPERATION, detail))
    }

    fn import_body(&self, ledger: &Ledger, file: &ImportFile) -> Result<serde_json::Value, String> {
        let config = &self.client.config;
        let zip = zip_of(MEMBER, &file_of(&file.rows)?)?;
        let access_set = config
            .import
            .data_access_set
            .as_ref()
            .unwrap_or(&ledger.name);
        let parameters = [
            access_set.as_str(),
            &config.journal_source,
            &ledger.id,
            &file.marks.group,
            "N",
            "N",
            &config.import.flexfields,
        ];
        let parameters: Vec<String> = parameters.into_iter().map(parameter).collect();
        Ok(json!({
            "OperationName": "importBulkData",
            "DocumentContent": base64_of(&zip),
            "ContentType": "zip",
            "FileName": format!("TIEOUT{}.zip", file.marks.group),
            "DocumentAccount": config.import.document_account,
            "JobName": config.import.job,
            "ParameterList": parameters.join(","),
            "CallbackURL": "#NULL",
            "NotificationCode": config.import.notification_code,
            "JobOptions": config.import.options,
        }))
    }

    /// See [`tieout_connector::Target::poll`]: posted from rows only, rejected from the report, absent if neither shows a document.
    pub(crate) async fn poll_journals(
        &self,
        job: &JobRef,
        batch: &Batch,
    ) -> Result<BatchOutcome, Fault> {
        let import = ImportRef::of_job(job)
            .ok_or_else(|| not_understood("polling a journal import", format!("job {}", job.0)))?;
        let Progress::Ended {
            requests,
            has_imported,
        } = self.progress(&import).await?
        else {
            let items = batch
                .items
                .iter()
                .map(|item| (item.id, ItemOutcome::Pending));
            return Ok(BatchOutcome {
                items: items.collect(),
            });
        };
        let found = self.journals_now(batch).await?;
        let report = if found.iter().all(|found| !found.rows.is_empty()) {
            Report::default()
        } else {
            self.report_of(&requests, has_imported).await?
        };
        let settle = |(item, found): (&tieout_connector::BatchItem, tieout_connector::Found)| {
            let outcome = ItemOutcome::of_rows(found.rows).unwrap_or_else(|| {
                let why = rejection_of(&report, &item.marks.stamp);
                let delimiter = &self.client.config.delimiter;
                why.map_or(ItemOutcome::Absent, |why| {
                    ItemOutcome::Rejected(with_combinations(why, &item.document, delimiter))
                })
            });
            (item.id, outcome)
        };
        Ok(BatchOutcome {
            items: batch.items.iter().zip(found).map(settle).collect(),
        })
    }
}

/// A parameter; one with a comma goes in double quotes (fusion.md §5.4 [D2]).
fn parameter(text: &str) -> String {
    if text.contains(',') {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}
