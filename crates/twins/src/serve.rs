//! Both twins and the control port over TCP: HTTP/1.1, keep-alive, loopback or wherever the caller binds.
//!
//! One lock around the world, held only while a request is carried out; delays pass outside it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::control;
use crate::rule::System;
use crate::world::{Reply, World};

/// Largest request body taken, bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// The caller's clock: milliseconds since 1970-01-01 UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Where the twins are served; they stop when [`Served::stop`] is called or this is dropped.
#[derive(Debug)]
pub struct Served {
    /// Address of the Intacct twin.
    pub intacct: SocketAddr,
    /// Address of the Fusion twin.
    pub fusion: SocketAddr,
    /// Address of the control port.
    pub control: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Served {
    /// Stops accepting and closes open connections.
    pub fn stop(self) {
        let _ = self.stop.send(true);
    }

    /// The Intacct twin's endpoint.
    pub fn intacct_url(&self) -> String {
        format!("http://{}/ia/xml/xmlgw.phtml", self.intacct)
    }

    /// The Fusion twin's base address.
    pub fn fusion_url(&self) -> String {
        format!("http://{}", self.fusion)
    }

    /// The control port's base address.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }
}

#[derive(Clone, Copy)]
enum Port {
    Twin(System),
    Control,
}

/// What every connection needs.
struct Shared {
    world: Arc<Mutex<World>>,
    clock: Clock,
    /// Requests to Intacct under way: number and when they came.
    under_way: Mutex<(u64, BTreeMap<u64, i64>)>,
}

/// Serves both twins and the control port on these addresses (port 0 takes a free one). Must be called inside a tokio runtime.
///
/// # Errors
/// An address that cannot be bound.
pub async fn serve(
    world: Arc<Mutex<World>>,
    intacct: SocketAddr,
    fusion: SocketAddr,
    control: SocketAddr,
    clock: Clock,
) -> io::Result<Served> {
    let shared = Arc::new(Shared {
        world,
        clock,
        under_way: Mutex::new((0, BTreeMap::new())),
    });
    let (stop, stopped) = watch::channel(false);
    let mut bound = Vec::new();
    for (address, port) in [
        (intacct, Port::Twin(System::Intacct)),
        (fusion, Port::Twin(System::Fusion)),
        (control, Port::Control),
    ] {
        let listener = TcpListener::bind(address).await?;
        bound.push(listener.local_addr()?);
        tokio::spawn(accept(listener, port, Arc::clone(&shared), stopped.clone()));
    }
    match bound.as_slice() {
        [intacct, fusion, control] => Ok(Served {
            intacct: *intacct,
            fusion: *fusion,
            control: *control,
            stop,
        }),
        _ => Err(io::Error::other("not every address was bound")),
    }
}

async fn accept(
    listener: TcpListener,
    port: Port,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(stream, port, Arc::clone(&shared), stopped.clone()));
                }
                // Out of file handles, or a peer that left: wait a little, go on.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            _ = stopped.changed() => return,
        }
    }
}

async fn connection(
    stream: TcpStream,
    port: Port,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| handle(port, Arc::clone(&shared), request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A lost answer ends the connection with an error; that is what it is for.
        _ = connection => {}
        _ = stopped.changed() => {}
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost on purpose")]
struct LostOnPurpose;

async fn handle(
    port: Port,
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, LostOnPurpose> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let mut response = Response::new(Full::new(Bytes::from_static(
                b"the request is too large or broken\n",
            )));
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return Ok(response);
        }
    };
    let request = Request::from_parts(parts, body);
    let response = match port {
        Port::Control => {
            let now = (shared.clock)();
            control::answer(&mut locked(&shared.world), now, &request)
        }
        Port::Twin(system) => {
            let now = (shared.clock)();
            let may_pass = locked(&shared.world).load.enter(system, now);
            let _visit = Visit {
                ticket: shared.enter(system),
                shared: &shared,
                system,
            };
            let reply = if may_pass {
                shared.carry_out(system, request)
            } else {
                World::above_limit()
            };
            delayed(reply).await?
        }
    };
    Ok(response.map(Full::new))
}

/// A request under way. It ends with its answer, or when its caller is gone before.
struct Visit<'a> {
    shared: &'a Shared,
    system: System,
    ticket: Option<u64>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.shared.leave(self.ticket);
        locked(&self.shared.world).load.leave(self.system);
    }
}

async fn delayed(reply: Reply) -> Result<Response<Bytes>, LostOnPurpose> {
    match reply {
        Reply::Lost => Err(LostOnPurpose),
        Reply::Answer { response, delay_ms } => {
            if delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            }
            Ok(response)
        }
    }
}

impl Shared {
    fn enter(&self, system: System) -> Option<u64> {
        if system != System::Intacct {
            return None;
        }
        let now = (self.clock)();
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.0 += 1;
        let ticket = under_way.0;
        under_way.1.insert(ticket, now);
        Some(ticket)
    }

    fn leave(&self, ticket: Option<u64>) {
        if let Some(ticket) = ticket {
            let mut under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            under_way.1.remove(&ticket);
        }
    }

    fn carry_out(&self, system: System, request: Request<Bytes>) -> Reply {
        let now = (self.clock)();
        let (count, oldest) = {
            let under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let oldest = under_way.1.values().min().copied().unwrap_or(now);
            (under_way.1.len(), now - oldest)
        };
        let mut world = locked(&self.world);
        if system == System::Intacct {
            world.intacct.report_overlap(count, oldest);
        }
        world.answer(system, now, request)
    }
}

fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
