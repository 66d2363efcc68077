//! File-based import of journals and invoices: the loader, the interface table and Journal Import (fusion.md §5.4, §9.3–9.5).
//!
//! The loader takes a whole file or nothing. Journal Import takes the rows of a source and group: rows of one REFERENCE1 stand or fall
//! together; a bad row never blocks another group. Importing the same file twice makes the journals twice, as the vendor does.

mod build;
mod check;
mod columns;
mod invoices;
mod trouble;

use std::collections::VecDeque;
use std::io::Read as _;

use super::FusionTwin;
use super::jobs::{Origin, Outcome};
use columns::GlRow;
pub(crate) use invoices::INVOICES_OPTION;
pub use trouble::ImportTrouble;

/// Import option of journals (fusion.md §5.3).
pub(crate) const JOURNALS_OPTION: &str = "15";

/// What a process imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Journals,
    Invoices,
}

/// An import to come.
#[derive(Debug, Clone)]
pub(crate) struct ImportOrder {
    /// Position of the load it belongs to.
    pub load: Option<usize>,
    /// Who asked for it.
    pub submitter: &'static str,
    pub subject: Subject,
    /// The seven arguments of JournalImportLauncher or the fourteen of APXIIMPT.
    pub parameters: Vec<String>,
    /// Delete the rows afterwards, rejected ones too.
    pub purge: bool,
    /// What befalls it.
    pub trouble: Option<ImportTrouble>,
}

impl ImportOrder {
    /// Below a request, or else of the user who asked for the import.
    pub(crate) fn origin(&self, above: Option<usize>) -> Origin {
        above.map_or(Origin::User(self.submitter), Origin::Below)
    }
}

/// Rows waiting in GL_INTERFACE and invoices in the payables interface: new ones and rejected ones. Imported ones leave it.
#[derive(Debug, Default)]
pub(crate) struct Interface {
    rows: Vec<GlRow>,
    invoices: Vec<invoices::Waiting>,
    /// What befalls the next imports, in order.
    pub troubles: VecDeque<ImportTrouble>,
}

/// Splits an argument list at commas outside double quotes; `#NULL` is empty.
pub(crate) fn split_parameters(text: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other);
                }
            }
        }
    }
    let clean = |p: String| {
        if p.trim() == "#NULL" {
            String::new()
        } else {
            p.trim().to_owned()
        }
    };
    parts.into_iter().map(clean).collect()
}

/// What an archive held.
enum Content {
    Journals(Vec<GlRow>),
    Invoices(Vec<invoices::Waiting>),
}

fn unpack(content: &[u8], subject: Subject) -> Result<Content, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(content))
        .map_err(|e| format!("The file is no zip archive: {e}."))?;
    let mut names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .map(std::borrow::Cow::into_owned)
        .collect();
    // A properties file beside the rows is for the event that follows (fusion.md §5.4 [D2]).
    names.retain(|n| !n.ends_with(".properties"));
    names.sort();
    let wanted: &[&str] = match subject {
        Subject::Journals => &["GlInterface.csv"],
        Subject::Invoices => &["ApInvoiceLinesInterface.csv", "ApInvoicesInterface.csv"],
    };
    if names != wanted {
        return Err(format!(
            "The archive must hold exactly {}; it holds: {}.",
            wanted.join(" and "),
            names.join(", ")
        ));
    }
    let mut files = Vec::new();
    for name in wanted {
        let mut file = archive.by_name(name).map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|e| format!("{name} can't be unpacked: {e}."))?;
        files.push(bytes);
    }
    match files.as_slice() {
        [lines, headers] => invoices::read(headers, lines).map(Content::Invoices),
        [journals] => columns::read(journals).map(Content::Journals),
        _ => Err("The archive is empty.".into()),
    }
}

impl FusionTwin {
    /// Ends a load: all rows go to the interface, or none and the load is in error.
    pub(crate) fn finish_load(
        &mut self,
        due: i64,
        job: usize,
        content: &[u8],
        subject: Subject,
        then: Option<ImportOrder>,
    ) {
        let sqlldr = job + 1;
        let trouble = then.as_ref().and_then(|order| order.trouble);
        let unpacked = match trouble {
            Some(ImportTrouble::LoadRefused) => {
                Err("The columns of the file don't match the control file.".to_owned())
            }
            Some(ImportTrouble::CutZip) => unpack(&content[..content.len() / 2], subject),
            _ => unpack(content, subject),
        };
        let count = match unpacked {
            Ok(Content::Journals(mut rows)) => {
                let id = self.jobs.at(job).id;
                for row in &mut rows {
                    row.load_request = id;
                }
                let count = rows.len();
                self.import.rows.extend(rows);
                count
            }
            Ok(Content::Invoices(invoices)) => {
                let count = invoices.len();
                self.import.invoices.extend(invoices);
                count
            }
            Err(words) => {
                for place in [job, sqlldr] {
                    let job = self.jobs.at_mut(place);
                    job.outcome = Outcome::Error;
                    job.log = format!("{words}\nThe file was discarded, 0 rows loaded.\n");
                }
                return;
            }
        };
        let text =
            format!("{count} Rows successfully loaded.\n0 Rows not loaded due to data errors.\n");
        self.jobs.at_mut(job).log.clone_from(&text);
        self.jobs.at_mut(sqlldr).log = text;
        if let Some(order) = then {
            self.start_import(due, order);
        }
    }

    /// Ends an import.
    pub(crate) fn finish_import(
        &mut self,
        due: i64,
        job: usize,
        child: usize,
        order: &ImportOrder,
    ) {
        let (outcome, log) = match (order.subject, self.selection(&order.parameters)) {
            _ if order.trouble == Some(ImportTrouble::Cancelled) => (
                Outcome::Cancelled,
                "The request was cancelled.\n".to_owned(),
            ),
            _ if order.trouble == Some(ImportTrouble::SelectNone) => {
                (Outcome::Succeeded, "No rows were selected.\n".to_owned())
            }
            (Subject::Invoices, _) => self.import_invoices(&order.parameters, order.purge),
            (Subject::Journals, Ok(selection)) => {
                self.import_journals(due, self.jobs.at(child).id, &selection, order.purge)
            }
            (Subject::Journals, Err(words)) => (Outcome::Error, format!("{words}\n")),
        };
        let outcome = match (outcome, order.trouble) {
            (Outcome::Succeeded, Some(ImportTrouble::Warning)) => Outcome::Warning,
            (outcome, _) => outcome,
        };
        for place in [job, child] {
            let job = self.jobs.at_mut(place);
            job.outcome = outcome;
            job.log.clone_from(&log);
        }
        self.after_import(due, order);
    }

    /// What follows an import that was in trouble.
    fn after_import(&mut self, due: i64, order: &ImportOrder) {
        match order.trouble {
            Some(ImportTrouble::ImportTwice) => {
                let again = ImportOrder {
                    trouble: None,
                    ..order.clone()
                };
                self.start_import(due, again);
            }
            Some(ImportTrouble::PurgeFailed) => {
                let (name, path) = ("Purge Interface Tables", "InterfaceLoaderPurge");
                let origin = order.origin(order.load);
                let purge = self.jobs.submit(name, path, origin, Vec::new(), due);
                let purge = self.jobs.at_mut(purge);
                purge.outcome = Outcome::Error;
                "The rows could not be deleted.\n".clone_into(&mut purge.log);
            }
            _ => {}
        }
    }
}

/// Which rows an import takes.
#[derive(Debug)]
struct Selection {
    source: String,
    group: Option<String>,
    ledger: Option<usize>,
    access: Vec<usize>,
    import_flexfields: bool,
}

impl FusionTwin {
    /// Reads the seven arguments (fusion.md §9.4): names or ids for the first three; the group must match the rows.
    fn selection(&self, parameters: &[String]) -> Result<Selection, String> {
        let [access, source, ledger, group, suspense, summary, flexfields] = parameters else {
            return Err(format!(
                "JournalImportLauncher needs 7 arguments but got {}.",
                parameters.len()
            ));
        };
        let set = self
            .setup
            .access_set_ref(access)
            .ok_or_else(|| format!("The data access set {access} doesn't exist."))?;
        let source = self.source_ref(source).unwrap_or_else(|| source.clone());
        let ledger = match ledger.as_str() {
            "" | "ALL" => None,
            text => Some(
                self.setup
                    .ledger_ref(text)
                    .ok_or_else(|| format!("The ledger {text} doesn't exist."))?,
            ),
        };
        if ledger.is_some_and(|l| !self.setup.access_sets[set].ledgers.contains(&l)) {
            return Err("The ledger isn't in the data access set.".into());
        }
        for (name, value) in [("suspense", suspense), ("summary", summary)] {
            if value != "N" && value != "Y" {
                return Err(format!("The {name} argument must be Y or N, not {value}."));
            }
        }
        if !["N", "O", "W"].contains(&flexfields.as_str()) {
            return Err(format!(
                "The flexfield argument must be N, O or W, not {flexfields}."
            ));
        }
        let group = if group == "ALL" {
            None
        } else {
            Some(group.clone())
        };
        let ledger = ledger.filter(|_| self.options.ledger_argument_selects);
        let access = self.setup.access_sets[set].ledgers.clone();
        Ok(Selection {
            source,
            group,
            ledger,
            access,
            import_flexfields: flexfields != "N",
        })
    }

    /// The name of a journal source given by name or id.
    fn source_ref(&self, text: &str) -> Option<String> {
        let place = text.parse().ok().and_then(|id| {
            super::setup::position(super::setup::SOURCE_IDS, id, self.setup.sources.len())
        });
        place.map(|p| self.setup.sources[p].clone())
    }
}
