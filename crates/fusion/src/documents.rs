//! Each kind of document, to the wire and back.

pub(crate) mod flexfield;
pub(crate) mod journal_entry;
pub(crate) mod refusal;
pub(crate) mod supplier_invoice;
