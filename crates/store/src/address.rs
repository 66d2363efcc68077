//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::OpenError;

/// The address of a database: `sqlite:<path>`, `sqlite::memory:`, or a bare path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

/// Where an SQLite database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// In memory, gone with its store.
    Memory,
    /// In a file, with its write-ahead log beside it.
    File(PathBuf),
}

impl DatabaseUrl {
    /// A database in memory.
    pub const fn memory() -> Self {
        Self(Location::Memory)
    }

    /// A database in a file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Location::File(path.into()))
    }

    pub(crate) const fn location(&self) -> &Location {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        let refuse = |remedy| {
            Err(OpenError::Address {
                address: text.to_owned(),
                remedy,
            })
        };
        let path = match text.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some(("postgres" | "postgresql", _)) => {
                return refuse("this version keeps its data in SQLite; use sqlite:<path>");
            }
            Some(_) if text.contains("://") => return refuse("use sqlite:<path>"),
            Some(_) | None => text,
        };
        match path {
            ":memory:" => Ok(Self::memory()),
            "" => refuse("name a file, as in sqlite:tieout.db"),
            path => Ok(Self::file(path)),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Memory => f.write_str("sqlite::memory:"),
            Location::File(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn addresses_are_read_or_refused() {
        let check = |text: &str| text.parse::<DatabaseUrl>().ok();
        assert_eq!(check("sqlite::memory:"), Some(DatabaseUrl::memory()));
        assert_eq!(check("sqlite:a/b.db"), Some(DatabaseUrl::file("a/b.db")));
        assert_eq!(
            check("sqlite:///a/b.db"),
            Some(DatabaseUrl::file("/a/b.db"))
        );
        assert_eq!(check("b.db"), Some(DatabaseUrl::file("b.db")));
        for refused in ["", "sqlite:", "postgres://h/d", "mysql://h/d"] {
            assert_eq!(check(refused), None, "{refused}");
        }
    }
}
