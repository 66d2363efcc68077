//! The Sage Intacct twin: the XML gateway over books of its own.

pub mod amount;
mod books;
mod moment;
mod options;

pub use options::IntacctOptions;
use crate::company::{CompanyError, CompanyFolder};

/// d
pub struct IntacctTwin { books: books::Books }
impl IntacctTwin {
    /// d
    pub fn open(folder: &CompanyFolder, options: IntacctOptions) -> Result<Self, CompanyError> {
        Ok(Self { books: books::load::load(folder, options)? })
    }
    /// d
    pub fn trial_balance_csv(&self) -> String { self.books.trial_balance_csv() }
    /// d
    pub fn documents_csv(&self) -> String { self.books.documents_csv() }
}
