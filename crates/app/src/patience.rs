//! Waiting at the start for a database server that is not there yet.
//!
//! Containers that start together, a machine that boots, a server that hands over: a worker that gave up at once would have to be started
//! again by a person. A server that says no (password, role, name of the database) is not waited for, nor is a file.

use tieout_connector::Waiter;
use tieout_model::Clock;
use tieout_store::{DatabaseUrl, ExecutionMode, OpenError, Store};

use crate::ambient::{RealWaiter, SystemClock};
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
    open_in(url, &SystemClock, &RealWaiter).await
}

async fn open_in(
    url: &DatabaseUrl,
    clock: &dyn Clock,
    waiter: &dyn Waiter,
) -> Result<Store, OpenError> {
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
        waiter.wait(LOOK_INTERVAL_MS).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use async_trait::async_trait;
    use tieout_model::Timestamp;

    use super::*;

    /// Time that passes only while somebody waits.
    #[derive(Default)]
    struct Leaps(AtomicI64);

    impl Clock for Leaps {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[async_trait]
    impl Waiter for Leaps {
        async fn wait(&self, ms: u64) {
            let ms = i64::try_from(ms).unwrap();
            self.0.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// How an opening that fails ends, and after how many milliseconds.
    fn refused(address: &str) -> (OpenError, i64) {
        let url: DatabaseUrl = address.parse().unwrap();
        let time = Leaps::default();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        let ended = runtime.block_on(open_in(&url, &time, &time));
        (ended.err().unwrap(), time.now().millis())
    }

    #[test]
    fn a_server_that_never_comes_up_is_given_up_after_a_minute() {
        let (error, waited_ms) = refused("postgres://tieout@127.0.0.1:1/tieout");
        assert!(matches!(error, OpenError::Away(_)), "{error:?}");
        assert_eq!(waited_ms, PATIENCE_MS);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_not_waited_for() {
        let (error, waited_ms) = refused("/nowhere/at/all/tieout.db");
        assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
        assert_eq!(waited_ms, 0);
    }
}
