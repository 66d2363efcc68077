//! What a twin did for one request, for the call log.

/// One operation inside a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Name of the operation, such as `query APBILL`.
    pub operation: String,
    /// Transactions the vendor would meter.
    pub metered: u64,
    /// Records read or written.
    pub records: u64,
    /// Whether it failed.
    pub failed: bool,
}
