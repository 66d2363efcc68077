//! Tests of the inside: codecs against fixtures, the table of failures, hostile bytes, calls against a scripted gateway.

mod calls;
mod codec;
mod failures;
mod hostile;
mod hostile_table;

use bytes::Bytes;

use crate::xml::answer::Answer;
use crate::xml::read::{self, Unreadable};

/// Reads an answer of these bytes.
pub(crate) fn answer(body: impl AsRef<[u8]>) -> Result<Answer, Unreadable> {
    read::answer(&Bytes::copy_from_slice(body.as_ref()))
}

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../fixtures/intacct/",
            $path
        ))
    };
}
pub(crate) use fixture;
