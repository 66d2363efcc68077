//! Tests of the inside: codecs against fixtures, the table of failures, hostile bytes, calls against a scripted gateway.

mod calls;
mod codec;
mod failures;
mod hostile;
mod hostile_table;

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
