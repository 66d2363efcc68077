//! A connection that is called and answers, and that can be told many statements before the first of them is answered.
//!
//! The client of the server is asynchronous. Here it has a runtime of its own, which runs only while somebody waits for an answer: no task is
//! left behind, and whoever calls may block.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::TryStreamExt;
use futures_util::future::maybe_done;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use crate::link::LinkError;
use crate::link::value::{Kept, Value};

/// A connection. Its fields end in their order: without its client the connection says goodbye.
pub(super) struct Wire {
    client: Client,
    traffic: Traffic,
}

/// A connection under way.
type Open = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What moves bytes between the client and the server.
struct Traffic {
    runtime: Runtime,
    /// There until the connection ended.
    open: Option<Open>,
}

/// A statement with its values, to be sent with others.
pub(super) struct Order {
    pub(super) statement: Statement,
    pub(super) values: Vec<Kept>,
}

impl Wire {
    pub(super) fn connect(config: &Config) -> Result<Self, LinkError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| LinkError::Wrong(error.to_string()))?;
        let (client, connection) = runtime.block_on(config.connect(NoTls))?;
        Ok(Self {
            client,
            traffic: Traffic {
                runtime,
                open: Some(Box::pin(connection)),
            },
        })
    }

    /// True if the connection is lost.
    pub(super) const fn is_closed(&self) -> bool {
        self.traffic.open.is_none()
    }

    /// Runs statements without values.
    pub(super) fn batch(&mut self, text: &str) -> Result<(), Error> {
        self.ask(async |client| client.batch_execute(text).await)
    }

    /// Makes a statement ready.
    pub(super) fn prepare(&mut self, text: &str) -> Result<Statement, Error> {
        self.ask(async |client| client.prepare(text).await)
    }

    /// Runs a statement; says how many rows it changed.
    pub(super) fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        self.ask(async |client| client.execute_raw(statement, values).await)
    }

    /// Runs a statement; its rows are read as a whole.
    pub(super) fn query(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.ask(async |client| rows_of(client, statement, values).await)
    }

    /// Runs statements without values; says the rows of the only one that has some.
    pub(super) fn rows(&mut self, text: &str) -> Result<Vec<Row>, Error> {
        self.ask(async |client| client.query(text, &[]).await)
    }

    /// Runs statements in their order, all of them sent before the first is answered; says how many rows each changed.
    pub(super) fn execute_all(&mut self, orders: &[Order]) -> Result<Vec<u64>, Error> {
        self.ask(async |client| {
            let sent = orders.iter().map(|order| {
                let values = order.values.iter().map(Kept::value);
                client.execute_raw(&order.statement, values.collect::<Vec<_>>())
            });
            all_at_once(sent).await
        })
    }

    /// Runs one question with each of many sets of values, all of them sent before the first is answered.
    pub(super) fn query_all(&mut self, orders: &[Order]) -> Result<Vec<Vec<Row>>, Error> {
        self.ask(async |client| {
            let sent = orders.iter().map(|order| async {
                let values: Vec<_> = order.values.iter().map(Kept::value).collect();
                rows_of(client, &order.statement, &values).await
            });
            all_at_once(sent).await
        })
    }

    /// Waits for an answer, while bytes move. If the connection ends meanwhile, its own reason is the answer.
    fn ask<T>(&mut self, ask: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Result<T, Error> {
        let Traffic { runtime, open } = &mut self.traffic;
        let mut reason = None;
        let mut answer = pin!(ask(&self.client));
        let answer = runtime.block_on(poll_fn(|context| {
            if let Some(traffic) = open
                && let Poll::Ready(ended) = traffic.as_mut().poll(context)
            {
                *open = None;
                reason = ended.err();
            }
            answer.as_mut().poll(context)
        }));
        match reason {
            Some(reason) if answer.is_err() => Err(reason),
            Some(_) | None => answer,
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            // Nobody is left to hear how it ended.
            let _ = self.runtime.block_on(open);
        }
    }
}

/// Sends all in their order, then hears all: the first failure is the reason of those that follow it.
async fn all_at_once<T>(
    asks: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let mut asked: Vec<_> = asks.map(|ask| Box::pin(maybe_done(ask))).collect();
    // An ask is sent when it is looked at for the first time.
    poll_fn(|context| {
        for ask in &mut asked {
            let _ = ask.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(asked.len());
    for ask in &mut asked {
        ask.as_mut().await;
        answers.extend(ask.as_mut().take_output().transpose()?);
    }
    Ok(answers)
}

async fn rows_of(
    client: &Client,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Vec<Row>, Error> {
    let rows = pin!(client.query_raw(statement, values).await?);
    rows.try_collect().await
}
