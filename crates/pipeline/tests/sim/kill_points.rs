//! A worker dies before or after each commit and each call of the target that one document needs: in the end it is there once.
//!
//! One world; the next document dies at the next point, until one needs no further point.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tieout_engine::StateWord;
use tieout_pipeline::drain;
use tieout_store::{DatabaseUrl, ExecutionMode, Gate, GateSide, Store};

use crate::people::carried;
use crate::server;
use crate::world::{Mishap, World};

/// When the worker dies: at the point of that number, counted from 0. The dead neither write nor call.
struct Death {
    at: u64,
    passed: AtomicU64,
    is_dead: AtomicBool,
}

impl Death {
    fn at(at: u64) -> Arc<Self> {
        Arc::new(Self {
            at,
            passed: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
        })
    }

    fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// Passes a point; true if the worker is dead behind it.
    fn point(&self) -> bool {
        if !self.is_dead() && self.passed.fetch_add(1, Ordering::SeqCst) == self.at {
            self.is_dead.store(true, Ordering::SeqCst);
        }
        self.is_dead()
    }
}

impl Gate for Death {
    fn pass<'a>(
        &'a self,
        _side: GateSide,
        _attempted: &'static str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let is_dead = self.point();
        Box::pin(async move {
            if is_dead {
                Err("the worker is dead".to_owned())
            } else {
                Ok(())
            }
        })
    }
}

/// The next worker, on the database of the world or on the server's, which dies as `death` says.
async fn start(world: &mut World, url: Option<&DatabaseUrl>, death: &Arc<Death>) {
    world.restart().await;
    if let Some(url) = url {
        world.context.store = Store::open(url, ExecutionMode::Inline).await.unwrap();
    }
    world.context.store = world.context.store.gated(death.clone());
    let at_target = death.clone();
    *world.fusion.mischief.lock().unwrap() = Box::new(move |_, _, _| {
        if at_target.point() {
            Mishap::NotSent
        } else if at_target.point() {
            Mishap::LoseAnswer
        } else {
            Mishap::None
        }
    });
    let at_source = death.clone();
    *world.intacct.mischief.lock().unwrap() = Box::new(move |_, _, _| {
        if at_source.is_dead() {
            Mishap::NotSent
        } else {
            Mishap::None
        }
    });
}

/// How often a document stands in the target, and how many there are of all.
fn rows_of(world: &World, number: &str) -> (usize, usize) {
    let text = world.fusion.twin.lock().unwrap().documents_csv();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let all: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let found = all.iter().filter(|row| row[1].contains(number)).count();
    (found, all.len())
}

async fn check(seed: u64, is_on_server: bool, document: impl Fn(&str) -> Value) {
    let mut world = carried(seed).await;
    let url = is_on_server.then(|| server::shared().database().parse().unwrap());
    if let Some(url) = &url {
        let there = Store::open(url, ExecutionMode::Inline).await.unwrap();
        world.context.store.copy_to(&there).await.unwrap();
    }
    let never = Death::at(u64::MAX);
    let mut points = 0;
    loop {
        let number = format!("KP-{points:03}");
        let (_, before) = rows_of(&world, &number);
        let now = world.time.now_ms();
        {
            let mut twin = world.intacct.twin.lock().unwrap();
            twin.enter_document(now, &document(&number)).unwrap();
        }
        let death = Death::at(points);
        start(&mut world, url.as_ref(), &death).await;
        let ended = drain(&world.context, 86_400_000, 50).await;
        assert_eq!(ended.is_err(), death.is_dead(), "point {points}: {ended:?}");
        start(&mut world, url.as_ref(), &never).await;
        world.drain().await;
        let found = rows_of(&world, &number);
        assert_eq!(found, (1, before + 1), "died at point {points}");
        if !death.is_dead() {
            break;
        }
        points += 1;
    }
    // Read, translated, leased, answered and confirmed at least, each before and after its commit; and a post and a look-up.
    assert!(points >= 14, "only {points} points");
    let store = &world.context.store;
    let counts = store.counts().await.unwrap();
    let posted = counts.deliveries_in(StateWord::Posted);
    assert_eq!(
        counts.deliveries.values().sum::<u64>(),
        posted,
        "{counts:?}"
    );
    store.verify_audit(None).await.unwrap();
}

fn bill(number: &str) -> Value {
    json!({
        "type": "ap_bill", "document_id": number, "entity_id": "E200", "currency": "USD",
        "document_date": "2027-01-15", "gl_date": "2027-01-15", "due_date": "2027-02-14",
        "party_id": "VE-01", "description": "paper",
        "lines": [
            {"account": "6100", "txn_debit": "12.34", "department": "D100"},
            {"account": "2000", "txn_credit": "12.34"},
        ],
    })
}

fn journal(number: &str) -> Value {
    json!({
        "type": "gl_journal", "document_id": number, "entity_id": "E300", "currency": "EUR",
        "document_date": "2027-01-31", "gl_date": "2027-01-31", "description": "depreciation",
        "lines": [
            {"account": "6400", "txn_debit": "9.00", "department": "D100"},
            {"account": "1590", "txn_credit": "9.00"},
        ],
    })
}

#[tokio::test]
async fn a_bill_on_sqlite() {
    check(51, false, bill).await;
}

#[tokio::test]
async fn a_bill_on_postgresql() {
    check(52, true, bill).await;
}

#[tokio::test]
async fn a_journal_on_sqlite() {
    check(53, false, journal).await;
}

#[tokio::test]
async fn a_journal_on_postgresql() {
    check(54, true, journal).await;
}
