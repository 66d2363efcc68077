//! x
/// x
pub struct VerifyFailure;
