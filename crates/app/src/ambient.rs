//! Real time and real chance. The only place that reads the clock, the entropy of the machine, and that sleeps for real.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tieout_connector::Waiter;
use tieout_model::{Ambient, Clock, Entropy, Timestamp};

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The machine's entropy.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn draw(&self) -> u64 {
        // Jitter and group numbers only; if the machine has no entropy, the clock must do.
        getrandom::u64().unwrap_or_else(|_| SystemClock.now().0.unsigned_abs())
    }
}

/// Sleeps for real.
pub(crate) struct RealWaiter;

#[async_trait]
impl Waiter for RealWaiter {
    async fn wait(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Sleeps for real.
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Real time and real chance.
pub(crate) fn real() -> Ambient {
    Ambient {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    }
}

/// Milliseconds since 1970 by the machine's clock, for the twins.
pub(crate) fn unix_ms() -> i64 {
    SystemClock.now().millis()
}
