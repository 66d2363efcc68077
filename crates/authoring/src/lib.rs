//! A crosswalk version as tables people edit: workbook or folder of CSV files, out and in without loss.
//!
//! A [`Book`] is sheets of text cells. [`book_of`] makes one from a version and what is known of live values; [`version_of`] reads one
//! back, and names sheet, cell and remedy of everything it can't take. The canonical bytes of a version that went out and came back are
//! the same. Also here: a skeleton to start from, the difference of two versions, and why a line is coded as it is, and reports
//! as workbooks.
//!
//! Not here: whether a version may be signed (the engine), who signs it, which files are meant.
//!
//! Invariants: ids are text from end to end, never numbers; a cell is never a formula; suggestions are words beside a blank cell, and
//! reading back never takes them.

mod book;
mod cell;
mod check;
mod conditions;
mod diff;
mod explain;
mod folder;
mod live;
mod outline;
mod packed;
mod read;
mod report;
mod skeleton;
mod suggest;
mod workbook;
mod write;

pub use book::{Book, Fault, Found, FoundCell, FoundSheet, Sheet};
pub use check::{checked, faults_of_refusals};
pub use diff::{Difference, DifferenceKind, differences};
pub use explain::{Explained, ExplainedSegment, Question, Tried, Verdict, explain};
pub use folder::{guarded, read_folder, write_folder};
pub use live::{LiveValue, LiveValues};
pub use outline::pretty;
pub use read::{Authored, version_of};
pub use report::{ReportCell, ReportSheet, write_report};
pub use skeleton::skeleton;
pub use workbook::{read_workbook, write_workbook};
pub use write::{Unwritable, book_of};
