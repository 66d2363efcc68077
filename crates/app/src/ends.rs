//! Being told to end: Ctrl-C, or SIGTERM from whatever runs the program.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Requests to end, from the moment on when [`Ends::listen`] was called: none is lost until somebody asks.
pub(crate) struct Ends {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Ends {
    /// Listens from now on. What the system does not let us hear ends the program as if nobody listened, which is safe.
    pub(crate) fn listen() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next request.
    pub(crate) async fn told(&mut self) {
        tokio::select! {
            biased;
            () = next(self.interrupt.as_mut()) => {}
            () = next(self.terminate.as_mut()) => {}
        }
    }
}

async fn next(signal: Option<&mut Signal>) {
    let Some(signal) = signal else {
        return pending().await;
    };
    if signal.recv().await.is_none() {
        pending().await
    }
}
