//! The trigger's door: a bounded number of connections, each of which must hurry.
//!
//! Whoever may reach the port may try to keep it busy. A caller that sends its call slowly, or keeps a connection for nothing, is cut off; those
//! beyond the bound wait until a place is free. A call that waits too long costs time only: polling stands beside it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::ambient::pause;

/// Connections at once. A source makes a handful.
const CONNECTIONS_MAX: usize = 256;
/// How long to wait if the machine has no room for a connection.
const PAUSE: Duration = Duration::from_millis(200);

/// How long callers may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Haste {
    /// For the head of a call, counted from the end of the call before it.
    pub(super) head: Duration,
    /// For the rest of the call, and for answering it.
    pub(super) call: Duration,
    /// For a connection: then a caller makes a new one.
    pub(super) connection: Duration,
}

impl Default for Haste {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            call: Duration::from_secs(10),
            connection: Duration::from_secs(60),
        }
    }
}

/// Listens at `at`; returns the address and what serves it until the process ends.
///
/// # Errors
/// If the address can't be had.
pub(super) async fn open(
    haste: Haste,
    router: Router,
    at: SocketAddr,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(at).await?;
    Ok((listener.local_addr()?, admit(haste, listener, router)))
}

async fn admit(haste: Haste, listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Never closed, so there is always a place to wait for.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _caller)) = listener.accept().await else {
            pause(PAUSE).await;
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            // What goes wrong on one connection is its caller's concern.
            let attended = attend(haste, stream, router);
            let _ended = tokio::time::timeout(haste.connection, attended).await;
            drop(place);
        });
    }
}

async fn attend(haste: Haste, stream: TcpStream, router: Router) {
    let _ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(haste.head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
}
