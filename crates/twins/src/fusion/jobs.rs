//! Scheduled processes: requests, their states over time, and work that is due later (fusion.md §5.1).
//!
//! A request runs for [`super::FusionOptions::job_ms`]; its effect happens at its end. "SUCCEEDED" of a load says nothing about the rows:
//! an import below it may be WARNING, and an import that selects nothing is SUCCEEDED.

use std::io::Write as _;

use super::calendar::push_time;
use super::import::{ImportOrder, Subject};
use super::{FusionOptions, FusionTwin};

/// First request id.
const REQUEST_IDS: i64 = 2_000_100;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Warning,
    Error,
    Cancelled,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A user submits it.
    User(&'static str),
    /// The request at this position submits it, for the same user.
    Below(usize),
}

/// A request of the scheduler.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub id: i64,
    pub parent: Option<i64>,
    pub absolute: i64,
    /// The user who submitted it or the request above it.
    pub submitter: &'static str,
    /// Display name.
    pub name: &'static str,
    /// Package and definition, as `JOBPATH`.
    pub path: String,
    pub arguments: Vec<String>,
    pub start: i64,
    pub end: i64,
    pub outcome: Outcome,
    pub log: String,
}

impl Job {
    /// The status word at an instant.
    pub(crate) fn word(&self, now: i64) -> &'static str {
        if now < self.start {
            "WAIT"
        } else if now < self.end {
            "RUNNING"
        } else {
            match self.outcome {
                Outcome::Succeeded => "SUCCEEDED",
                Outcome::Warning => "WARNING",
                Outcome::Error => "ERROR",
                Outcome::Cancelled => "CANCELLED",
            }
        }
    }

    /// The numeric execution state at an instant (fusion.md §5.1 [S-live] for 10, 11, 12; others [R]).
    pub(crate) fn state(&self, now: i64) -> i64 {
        match self.word(now) {
            "WAIT" => 1,
            "RUNNING" => 3,
            "SUCCEEDED" => 12,
            "WARNING" => 11,
            "CANCELLED" => 9,
            _ => 10,
        }
    }
}

/// Something to do at a later instant.
#[derive(Debug)]
pub(crate) enum Work {
    /// Validation and accounting of an invoice.
    ProcessInvoice(u32),
    /// AutoPost of a batch.
    PostBatch(usize),
    /// A loader reads a file; then perhaps an import follows.
    Load {
        job: usize,
        content: Vec<u8>,
        subject: Subject,
        then: Option<ImportOrder>,
    },
    /// Journal Import.
    Import {
        job: usize,
        child: usize,
        order: ImportOrder,
    },
    /// AutoPost of everything unposted.
    PostAll { job: usize },
}

/// All requests and the work to come.
#[derive(Debug)]
pub(crate) struct Jobs {
    list: Vec<Job>,
    due: Vec<(i64, u64, Work)>,
    sequence: u64,
    duration: i64,
    /// Uploaded documents: id, name, account, content.
    pub documents: Vec<(i64, String, String, Vec<u8>)>,
}

impl Jobs {
    /// No requests yet.
    pub(crate) fn new(options: &FusionOptions) -> Self {
        Self {
            list: Vec::new(),
            due: Vec::new(),
            sequence: 0,
            duration: options.job_ms.max(0),
            documents: Vec::new(),
        }
    }

    /// How long requests run from now on.
    pub(crate) fn set_duration(&mut self, ms: i64) {
        self.duration = ms.max(0);
    }

    /// Adds a request that starts at `start`; gives its position.
    pub(crate) fn submit(
        &mut self,
        name: &'static str,
        path: &str,
        origin: Origin,
        arguments: Vec<String>,
        start: i64,
    ) -> usize {
        let place = self.list.len();
        let id = REQUEST_IDS + i64::try_from(place).unwrap_or(0) + 1;
        let (parent, absolute, submitter) = match origin {
            Origin::Below(place) => {
                let above = self.at(place);
                (Some(above.id), above.absolute, above.submitter)
            }
            Origin::User(user) => (None, id, user),
        };
        let end = start.saturating_add(self.duration);
        let path = path.to_owned();
        self.list.push(Job {
            id,
            parent,
            absolute,
            submitter,
            name,
            path,
            arguments,
            start,
            end,
            outcome: Outcome::Succeeded,
            log: String::new(),
        });
        place
    }

    /// Does `work` at `due`.
    pub(crate) fn later(&mut self, due: i64, work: Work) {
        self.sequence += 1;
        self.due.push((due, self.sequence, work));
    }

    /// The content of an uploaded document.
    pub(crate) fn document(&self, id: i64) -> Option<&[u8]> {
        let found = self.documents.iter().find(|d| d.0 == id);
        found.map(|d| d.3.as_slice())
    }

    /// The earliest work due at `now`.
    fn next(&mut self, now: i64) -> Option<(i64, Work)> {
        let ready = self
            .due
            .iter()
            .enumerate()
            .filter(|(_, (due, _, _))| *due <= now);
        let (place, _) = ready.min_by_key(|(_, (due, sequence, _))| (*due, *sequence))?;
        let (due, _, work) = self.due.swap_remove(place);
        Some((due, work))
    }

    /// A request by position.
    pub(crate) fn at(&self, place: usize) -> &Job {
        &self.list[place]
    }

    /// A request by position, to finish it.
    pub(crate) fn at_mut(&mut self, place: usize) -> &mut Job {
        &mut self.list[place]
    }

    /// A request by id.
    pub(crate) fn find(&self, id: i64) -> Option<&Job> {
        let place = usize::try_from(id - REQUEST_IDS - 1).ok()?;
        self.list.get(place)
    }

    /// All requests, oldest first.
    pub(crate) fn all(&self) -> &[Job] {
        &self.list
    }

    /// Direct children of a request.
    pub(crate) fn children(&self, id: i64) -> impl Iterator<Item = &Job> {
        self.list.iter().filter(move |j| j.parent == Some(id))
    }

    /// A zip with the logs of a request and everything below it.
    pub(crate) fn logs(&self, id: i64, now: i64) -> Option<Vec<u8>> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            let job = self.find(id)?;
            if now >= job.start {
                archive
                    .start_file(
                        format!("{id}.log"),
                        zip::write::SimpleFileOptions::default(),
                    )
                    .ok()?;
                let mut text = format!("Request {id}: {}\nSubmitted: ", job.name);
                push_time(&mut text, job.start, "Z");
                text.push('\n');
                if now >= job.end {
                    text.push_str(&job.log);
                }
                archive.write_all(text.as_bytes()).ok()?;
            }
            todo.extend(self.children(id).map(|j| j.id));
        }
        Some(archive.finish().ok()?.into_inner())
    }
}

impl FusionTwin {
    /// Finishes everything due by the business clock, in order of time.
    pub(crate) fn run_due(&mut self) {
        while let Some((due, work)) = self.jobs.next(self.clock.now) {
            self.perform(due, work);
            self.changed();
        }
    }

    fn perform(&mut self, due: i64, work: Work) {
        match work {
            Work::ProcessInvoice(at) => {
                if self.invoices.is_live(at) {
                    self.process_invoice(at);
                    self.invoices.touch(at, due);
                }
            }
            Work::PostBatch(batch) => self.auto_post(batch),
            Work::Load {
                job,
                content,
                subject,
                then,
            } => self.finish_load(due, job, &content, subject, then),
            Work::Import { job, child, order } => self.finish_import(due, job, child, &order),
            Work::PostAll { job } => {
                let waiting: Vec<usize> = (0..self.journals.batches.len())
                    .filter(|b| self.journals.batches[*b].posted_ms.is_none())
                    .collect();
                for batch in &waiting {
                    self.auto_post(*batch);
                }
                self.jobs.at_mut(job).log =
                    format!("{} unposted batches processed.\n", waiting.len());
            }
        }
    }
}
