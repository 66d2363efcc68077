//! Reads a company folder: CSV tables (plain or gzip-compressed) and JSON documents, as text.
//!
//! Nothing here knows what a column means. A missing column, a short row or a broken file is an error that names file and line; values
//! are handed out character for character.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// A folder with `master/`, `inputs/` and `crosswalk/`.
#[derive(Debug, Clone)]
pub struct CompanyFolder {
    root: PathBuf,
}

/// What is wrong with a company folder, with the place.
#[derive(Debug, thiserror::Error)]
pub enum CompanyError {
    /// A file that must exist does not.
    #[error("company folder has no {path} (nor {path}.gz)")]
    Missing {
        /// The path that was looked for.
        path: PathBuf,
    },
    /// The file exists but can't be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A row or cell is wrong.
    #[error("{path} line {line}: {what}")]
    Bad {
        /// The file.
        path: PathBuf,
        /// Line number, counted from 1 (the header is line 1).
        line: u64,
        /// What is wrong, in words.
        what: String,
    },
}

impl CompanyFolder {
    /// Names a folder; nothing is read yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The company id of this folder: its name in upper case, letters and digits only.
    pub fn company_id(&self) -> String {
        let name = self
            .root
            .file_name()
            .map(|n| n.to_string_lossy().to_uppercase());
        name.unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect()
    }

    /// True if `name` (as `master/x.csv`) exists, plain or compressed.
    pub fn has(&self, name: &str) -> bool {
        self.root.join(name).exists() || self.root.join(format!("{name}.gz")).exists()
    }

    /// Opens a table such as `inputs/documents.csv`.
    ///
    /// # Errors
    /// [`CompanyError`] when the file is missing, unreadable or has no header.
    pub fn table(&self, name: &str) -> Result<Table, CompanyError> {
        let path = self.root.join(name);
        let reader: Box<dyn Read> = if path.exists() {
            Box::new(open(&path)?)
        } else {
            let packed = self.root.join(format!("{name}.gz"));
            if !packed.exists() {
                return Err(CompanyError::Missing { path });
            }
            Box::new(MultiGzDecoder::new(open(&packed)?))
        };
        Table::from_reader(path, reader)
    }

    /// The text of a plain file such as `crosswalk/v1.json`.
    ///
    /// # Errors
    /// [`CompanyError`] when the file is missing or not UTF-8.
    pub fn text(&self, name: &str) -> Result<String, CompanyError> {
        let path = self.root.join(name);
        if !path.exists() {
            return Err(CompanyError::Missing { path });
        }
        std::fs::read_to_string(&path).map_err(|cause| CompanyError::Unreadable { path, cause })
    }
}

fn open(path: &Path) -> Result<BufReader<File>, CompanyError> {
    let file = File::open(path).map_err(|cause| CompanyError::Unreadable {
        path: path.to_path_buf(),
        cause,
    })?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// One table, read row by row.
pub struct Table {
    path: PathBuf,
    columns: HashMap<String, usize>,
    reader: csv::Reader<Box<dyn Read>>,
}

impl Table {
    fn from_reader(path: PathBuf, reader: Box<dyn Read>) -> Result<Self, CompanyError> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(false)
            .from_reader(reader);
        let header = reader.headers().map_err(|e| bad(&path, &e))?.clone();
        let columns = header
            .iter()
            .enumerate()
            .map(|(i, name)| (name.trim().to_owned(), i))
            .collect();
        Ok(Self {
            path,
            columns,
            reader,
        })
    }

    /// Names of the columns, in the order of the file.
    pub fn columns(&self) -> Vec<String> {
        let mut names: Vec<(usize, String)> = self
            .columns
            .iter()
            .map(|(name, at)| (*at, name.clone()))
            .collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The next row, or `None` at the end.
    ///
    /// # Errors
    /// [`CompanyError::Bad`] with the line for a short, long or non-UTF-8 row.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, CompanyError> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(true) => Ok(Some(Row {
                path: &self.path,
                columns: &self.columns,
                record,
            })),
            Ok(false) => Ok(None),
            Err(e) => Err(bad(&self.path, &e)),
        }
    }
}

fn bad(path: &Path, error: &csv::Error) -> CompanyError {
    let line = error.position().map_or(1, csv::Position::line);
    CompanyError::Bad {
        path: path.to_path_buf(),
        line,
        what: error.to_string(),
    }
}

/// One row of a [`Table`].
pub struct Row<'a> {
    path: &'a Path,
    columns: &'a HashMap<String, usize>,
    record: csv::StringRecord,
}

impl Row<'_> {
    /// The cell of a column that must exist.
    ///
    /// # Errors
    /// [`CompanyError::Bad`] naming the column when the file has no such column.
    pub fn get(&self, column: &str) -> Result<&str, CompanyError> {
        self.find(column)
            .ok_or_else(|| self.wrong(format!("the file has no column {column}")))
    }

    /// The cell of a column that may be absent.
    pub fn find(&self, column: &str) -> Option<&str> {
        self.columns.get(column).and_then(|i| self.record.get(*i))
    }

    /// An error at this row.
    pub fn wrong(&self, what: impl Into<String>) -> CompanyError {
        let line = self.record.position().map_or(0, csv::Position::line);
        CompanyError::Bad {
            path: self.path.to_path_buf(),
            line,
            what: what.into(),
        }
    }
}
