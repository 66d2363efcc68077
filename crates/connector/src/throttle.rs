//! Bounds how many calls to one tenant are in flight, since vendors count per tenant.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A shared bound on concurrency.
#[derive(Debug, Clone)]
pub struct Throttle(Arc<Semaphore>);

impl Throttle {
    /// At most `in_flight_max` calls at a time (at least one).
    pub fn new(in_flight_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(in_flight_max.max(1))))
    }

    /// Waits for a place; the place is free again when the guard is dropped.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed, so this is always `Some`.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}
