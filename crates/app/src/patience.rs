//! Waiting at the start for a database server that is not there yet.
//!
//! Containers that start together, a machine that boots, a server that hands over: a worker that gave up at once would have to be started
//! again by a person. A server that says no (password, role, name of the database) is not waited for, nor is a file.

use tieout_connector::Waiter as _;
use tieout_model::Ambient;
use tieout_store::{DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::ambient::{RealWaiter, real};
use crate::report;

/// How long a server may be away at the start: as long as the stages wait for it later (`pipeline/src/drive.rs`).
const PATIENCE_MS: i64 = 60_000;
/// Between two looks.
const LOOK_INTERVAL_MS: u64 = 1_000;

/// Opens a database; waits for a server that is away, and says so once.
///
/// # Errors
/// What the last look found, at the latest after a minute.
pub(crate) async fn open(url: &DatabaseUrl) -> Result<Store, OpenError> {
    let Ambient { clock, .. } = real();
    let since = clock.now();
    let mut is_told = false;
    loop {
        let failure = match Store::open(url, ExecutionMode::Blocking).await {
            Err(OpenError::Away(failure)) => failure,
            ended => {
                if is_told && ended.is_ok() {
                    report::say("the database answers");
                }
                return ended;
            }
        };
        let waited_ms = clock.now().millis().saturating_sub(since.millis());
        if waited_ms >= PATIENCE_MS {
            return Err(OpenError::Away(failure));
        }
        if !is_told {
            is_told = true;
            report::say(&format!(
                "the database {url} does not answer yet ({}); looking again every second for up to a minute",
                failure.reason
            ));
        }
        RealWaiter.wait(LOOK_INTERVAL_MS).await;
    }
}
