//! Calls: one door through which every request to the gateway passes.
//!
//! Bounded concurrency, sessions, repetition of reads and the headers for the log of calls are handled here and nowhere else. Writes are
//! sent once; what became of them is the caller's question.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tieout_connector::{Fault, FaultOrigin, Throttle, Transport, Waiter};
use tieout_model::{Ambient, FaultClass};

use crate::classify::{self, Failure};
use crate::config::IntacctConfig;
use crate::login::{self, Session, SessionKeeper};
use crate::query::{self, Authentication, Function, Nature, Query, Sender};
use crate::xml::answer::{Answer, FunctionResult, Table};

/// Request header that names the operation for the log of calls; the transport takes it off before sending.
pub const OPERATION_HEADER: &str = "x-tieout-operation";
/// Request header that names the credential for the log of calls; the transport takes it off before sending.
pub const CREDENTIAL_HEADER: &str = "x-tieout-credential";

/// Calls the gateway of one company.
pub(crate) struct Client {
    pub(crate) config: IntacctConfig,
    pub(crate) ambient: Ambient,
    transport: Arc<dyn Transport>,
    waiter: Arc<dyn Waiter>,
    throttle: Throttle,
    sessions: SessionKeeper,
    calls: AtomicU64,
}

impl Client {
    /// A client that has not called yet.
    pub(crate) fn new(
        config: IntacctConfig,
        transport: Arc<dyn Transport>,
        ambient: Ambient,
        waiter: Arc<dyn Waiter>,
    ) -> Self {
        Self {
            throttle: Throttle::new(config.bounds.in_flight_max),
            config,
            ambient,
            transport,
            waiter,
            sessions: SessionKeeper::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// Calls one function, repeating reads within bounds.
    ///
    /// # Errors
    /// [`Fault`].
    pub(crate) async fn call(&self, function: &Function) -> Result<FunctionResult, Fault> {
        self.try_call(function)
            .await
            .map_err(|failure| failure.fault)
    }

    /// Like [`Client::call`], keeping the errors as they came.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn try_call(&self, function: &Function) -> Result<FunctionResult, Failure> {
        let mut attempt: u32 = 0;
        loop {
            let failure = match self.with_session(function).await {
                Ok(result) => return Ok(result),
                Err(failure) => failure,
            };
            if !function.nature.is_read() || !self.may_try_again(&failure.fault, attempt).await {
                return Err(failure);
            }
            attempt += 1;
        }
    }

    /// The rows of one page of a query, complete or not at all.
    ///
    /// # Errors
    /// [`Fault`]; [`FaultClass::Incompatible`] if the gateway never answers with as many rows as it says.
    pub(crate) async fn query(&self, query: &Query<'_>) -> Result<Table, Fault> {
        self.query_function(&query.function()).await
    }

    /// Like [`Client::query`] for a function that was made from a query.
    ///
    /// # Errors
    /// As for [`Client::query`].
    pub(crate) async fn query_function(&self, function: &Function) -> Result<Table, Fault> {
        let mut detail = String::new();
        for _ in 0..2 {
            let table = self.call(function).await?.data;
            let rows = u64::try_from(table.len()).unwrap_or(u64::MAX);
            if table.count == Some(rows) && table.remaining.is_some() {
                return Ok(table);
            }
            let said = table.count.map_or("no".to_owned(), |n| n.to_string());
            detail = format!("the answer announces {said} rows and holds {rows}, twice");
        }
        Err(incompatible(&function.operation, detail))
    }

    /// Milliseconds since 1970-01-01 UTC by our clock.
    pub(crate) fn now_ms(&self) -> i64 {
        self.ambient.clock.now().millis()
    }

    /// When the present session began by the gateway's clock, logging in if need be.
    ///
    /// # Errors
    /// [`Fault`] of the login.
    pub(crate) async fn gateway_ms(&self) -> Result<Option<i64>, Fault> {
        let mut attempt: u32 = 0;
        loop {
            let fault = match self.session().await {
                Ok(session) => return Ok(session.began_there_ms),
                Err(fault) => fault,
            };
            if !self.may_try_again(&fault, attempt).await {
                return Err(fault);
            }
            attempt += 1;
        }
    }

    /// Waits before another try if the fault passes by itself; false if it does not, or was met too often.
    async fn may_try_again(&self, fault: &Fault, attempt: u32) -> bool {
        let is_passing = matches!(fault.class, FaultClass::Throttled | FaultClass::Unavailable);
        if !is_passing || attempt >= self.config.bounds.retry_max {
            return false;
        }
        self.back_off(attempt, fault.retry_after_ms).await;
        true
    }

    async fn session(&self) -> Result<Session, Fault> {
        let now = self.now_ms();
        let login = async || self.login().await;
        self.sessions.session(&self.config, now, login).await
    }

    async fn login(&self) -> Result<Session, Fault> {
        let config = &self.config;
        let endpoint: http::Uri = config.endpoint.parse().map_err(|_| {
            let detail = format!(
                "the configured endpoint {:?} is no address",
                config.endpoint
            );
            incompatible("getAPISession", detail)
        })?;
        let authentication = Authentication::Login {
            user: &config.user_id,
            company: &config.company_id,
            password: config.user_password.reveal(),
            location: config.login_entity.as_deref(),
        };
        let function = query::session();
        let answer = self.send(&endpoint, &authentication, &function).await;
        let answer = answer.map_err(|failure| failure.fault)?;
        login::session_of(&answer, config, self.now_ms())
    }

    /// Sends with a session; a refused session is replaced once.
    async fn with_session(&self, function: &Function) -> Result<FunctionResult, Failure> {
        let mut has_renewed = false;
        loop {
            let session = self.session().await.map_err(Failure::from)?;
            let authentication = Authentication::Session(session.id.reveal());
            match self
                .send(&session.endpoint, &authentication, function)
                .await
            {
                Ok(answer) => {
                    let now = self.now_ms();
                    self.sessions.slide(session.id.reveal(), &answer, now).await;
                    return only_result(answer, function).map_err(Failure::from);
                }
                Err(failure) if failure.is_authentication && !has_renewed => {
                    has_renewed = true;
                    self.sessions.forget(session.id.reveal()).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn send(
        &self,
        endpoint: &http::Uri,
        authentication: &Authentication<'_>,
        function: &Function,
    ) -> Result<Answer, Failure> {
        let control_id = match &function.control_id {
            Some(id) => id.clone(),
            None => format!("tieout-{}", self.calls.fetch_add(1, Ordering::Relaxed)),
        };
        let sender = Sender {
            id: &self.config.sender_id,
            password: self.config.sender_password.reveal(),
        };
        let body = query::envelope(&sender, authentication, function, &control_id);
        let request = http::Request::post(endpoint)
            .header(http::header::CONTENT_TYPE, "application/xml")
            .header(OPERATION_HEADER, &function.operation)
            .header(CREDENTIAL_HEADER, &self.config.credential_name)
            .body(Bytes::from(body))
            .map_err(|fault| incompatible(&function.operation, fault.to_string()))
            .map_err(Failure::from)?;
        let attempted = &function.operation;
        let place = self.throttle.enter().await;
        let sent = self.transport.send(request).await;
        // The place is free and whoever waits for it asks before this answer is read: reading a page takes as long as the gateway needs for
        // the next one.
        drop(place);
        tokio::task::yield_now().await;
        let response =
            sent.map_err(|fault| classify::transport(&fault, attempted, function.nature))?;
        let answer = classify::response(&response, attempted, function.nature)?;
        match answer.results.first() {
            Some(result) if result.control_id == control_id => Ok(answer),
            _ => Err(crossed(function).into()),
        }
    }

    async fn back_off(&self, attempt: u32, asked_ms: Option<u64>) {
        let bounds = &self.config.bounds;
        let doubled = bounds.retry_base_ms.saturating_mul(1 << attempt.min(20));
        let ceiling = doubled.min(bounds.retry_cap_ms).max(1);
        let jitter = self.ambient.entropy.draw() % ceiling;
        let least = asked_ms.unwrap_or(0).min(bounds.retry_cap_ms);
        self.waiter.wait(least.saturating_add(jitter)).await;
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            is_authentication: false,
            is_function: false,
            errors: Vec::new(),
        }
    }
}

/// An answer that belongs to another request says nothing about this one.
fn crossed(function: &Function) -> Fault {
    let class = match function.nature {
        Nature::Read | Nature::SporadicRead => FaultClass::Unavailable,
        Nature::Write => FaultClass::Indeterminate,
    };
    let detail = "the answer belongs to another request";
    Fault::new(class, FaultOrigin::Gateway, &function.operation, detail)
}

fn only_result(answer: Answer, function: &Function) -> Result<FunctionResult, Fault> {
    let mut results = answer.results.into_iter();
    match (results.next(), results.next()) {
        (Some(result), None) => Ok(result),
        _ => Err(crossed(function)),
    }
}

/// The other side answers something this client does not understand.
pub(crate) fn incompatible(attempted: &str, detail: impl Into<String>) -> Fault {
    let class = FaultClass::Incompatible;
    Fault::new(class, FaultOrigin::Application, attempted, detail)
}
