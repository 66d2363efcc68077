//! Versions as files: JSON, workbook, folder of CSV.

use std::path::Path;

use tieout_authoring::{
    Authored, Book, Fault, checked, faults_of_refusals, read_folder, read_workbook, version_of,
    write_folder, write_workbook,
};
use tieout_engine::crosswalk::{Json, Reference, VersionFile, problems};

use crate::problem::{Failure, Problem};

/// A version that was read, from whichever kind of file.
pub(super) struct ReadVersion {
    /// As it stands.
    pub(super) json: Json,
    /// Understood.
    pub(super) version: VersionFile,
    authored: Option<Authored>,
}

impl ReadVersion {
    /// Why it could not be signed beside the others; empty if it could.
    pub(super) fn problems(&self, others: &[VersionFile], reference: &Reference) -> Vec<Fault> {
        if let Some(authored) = &self.authored {
            return checked(authored, others, reference);
        }
        let mut all: Vec<VersionFile> = others
            .iter()
            .filter(|other| other.version != self.version.version)
            .cloned()
            .collect();
        all.push(self.version.clone());
        let mut found = problems(&all, reference);
        found.retain(|refusal| refusal.version == self.version.version);
        faults_of_refusals(&found, None)
    }

    /// Values of its sheets that wait for a decision.
    pub(super) fn left_out(&self) -> &[Fault] {
        self.authored
            .as_ref()
            .map_or(&[], |authored| &authored.left_out)
    }
}

fn is_workbook(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"))
}

/// The problems of a file, one per fault.
pub(super) fn refused(path: &Path, faults: &[Fault]) -> Failure {
    let one = |fault: &Fault| {
        let place = match (fault.sheet.as_str(), fault.cell()) {
            ("", _) => path.display().to_string(),
            (sheet, cell) if cell.is_empty() => format!("{}, sheet {sheet:?}", path.display()),
            (sheet, cell) => format!("{}, sheet {sheet:?}, {cell}", path.display()),
        };
        Problem::new("P0411", format!("{place}: {}", fault.what)).hint(fault.remedy.clone())
    };
    Failure::Usage(faults.iter().map(one).collect())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new("P0410", format!("cannot read {}: {error}", path.display()))
        .hint("check the name and that the file can be read")
}

/// Reads sheets.
pub(super) fn authored(path: &Path) -> Result<Authored, Failure> {
    let found = if is_workbook(path) {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        read_workbook(&bytes)
    } else {
        read_folder(path)
    };
    found
        .and_then(|found| version_of(&found))
        .map_err(|faults| refused(path, &faults))
}

/// Reads a version from JSON, a workbook or a folder.
pub(super) fn version(path: &Path) -> Result<ReadVersion, Failure> {
    if is_workbook(path) || path.is_dir() {
        let authored = authored(path)?;
        return Ok(ReadVersion {
            json: authored.json.clone(),
            version: authored.version.clone(),
            authored: Some(authored),
        });
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let no_version = |what: String| {
        Problem::new("P0410", format!("{}: {what}", path.display()))
            .hint("name an unsealed version (.json), a workbook (.xlsx) or a folder of CSV files")
    };
    let version = VersionFile::parse(&bytes).map_err(|fault| no_version(fault.to_string()))?;
    let json = Json::parse(&bytes).map_err(no_version)?;
    Ok(ReadVersion {
        json,
        version,
        authored: None,
    })
}

/// Writes a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| unwritable(path, &error).into())
}

/// The problem of a place that can't be written.
pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new("P0412", format!("cannot write {}: {error}", path.display()))
        .hint("check that the folder exists, is writable and has room")
}

/// Writes sheets as a workbook or a folder, by the name.
pub(super) fn write_book(book: &Book, path: &Path) -> Result<(), Failure> {
    if !is_workbook(path) {
        return write_folder(book, path).map_err(|error| unwritable(path, &error).into());
    }
    let bytes = write_workbook(book).map_err(|fault| {
        Problem::new("P0412", format!("{}: {fault}", path.display()))
            .hint("export a folder of CSV files instead")
    })?;
    write(path, &bytes)
}
