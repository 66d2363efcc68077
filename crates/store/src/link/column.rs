//! Values that rows hold.

use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use crate::link::LinkError;

/// A value as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// True or false; SQLite answers 1 or 0.
    Flag(bool),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Cell<'_> {
    /// What it is, in words.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// A cell of SQLite.
pub(crate) fn of_sqlite(value: ValueRef<'_>) -> Result<Cell<'_>, LinkError> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Integer(number)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cell::Text(text)),
            Err(error) => Err(LinkError::Wrong(error.to_string())),
        },
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes)),
        ValueRef::Real(_) => Err(LinkError::Wrong("a column holds a fraction".to_owned())),
    }
}

/// A cell of PostgreSQL.
pub(crate) fn of_postgres(row: &tokio_postgres::Row, column: usize) -> Result<Cell<'_>, LinkError> {
    let Some(described) = row.columns().get(column) else {
        return Err(LinkError::Wrong(format!("there is no column {column}")));
    };
    let ty = described.type_();
    Ok(match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(Cell::Integer),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(column)?
            .map(|number| Cell::Integer(i64::from(number))),
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map(Cell::Flag),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(column)?.map(Cell::Bytes),
        _ => row.try_get::<_, Option<&str>>(column)?.map(Cell::Text),
    }
    .unwrap_or(Cell::Null))
}

/// What a cell can be read as.
pub(crate) trait FromColumn: Sized {
    /// What is wanted, in words.
    const KIND: &'static str;

    /// The value, if the cell holds one.
    fn take(cell: Cell<'_>) -> Option<Self>;
}

impl<T: FromColumn> FromColumn for Option<T> {
    const KIND: &'static str = T::KIND;

    fn take(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            Cell::Integer(_) | Cell::Flag(_) | Cell::Text(_) | Cell::Bytes(_) => {
                T::take(cell).map(Some)
            }
        }
    }
}

/// Reads one variant of a cell.
macro_rules! from_column {
    ($wanted:ty, $kind:literal, $variant:ident($value:ident) => $made:expr) => {
        impl FromColumn for $wanted {
            const KIND: &'static str = $kind;

            fn take(cell: Cell<'_>) -> Option<Self> {
                if let Cell::$variant($value) = cell {
                    $made
                } else {
                    None
                }
            }
        }
    };
}

from_column!(i64, "a number", Integer(number) => Some(number));
from_column!(u32, "a small count", Integer(number) => u32::try_from(number).ok());
from_column!(String, "text", Text(text) => Some(text.to_owned()));
from_column!(Vec<u8>, "bytes", Bytes(bytes) => Some(bytes.to_vec()));

impl<const N: usize> FromColumn for [u8; N] {
    const KIND: &'static str = "bytes of a fixed length";

    fn take(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell {
            bytes.try_into().ok()
        } else {
            None
        }
    }
}

impl FromColumn for bool {
    const KIND: &'static str = "true or false";

    fn take(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Flag(flag) => Some(flag),
            Cell::Integer(number) => Some(number != 0),
            Cell::Null | Cell::Text(_) | Cell::Bytes(_) => None,
        }
    }
}
