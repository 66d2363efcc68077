//! Steps of change control and the rules behind deliveries are durable, in order, and explained by the audit log.

use std::collections::BTreeMap;

use rusqlite::Connection;
use tieout_engine::Change;
use tieout_engine::crosswalk::control::{Act, RegisterStep};
use tieout_model::{DeliveryId, Digest};
use tieout_store::{CommitError, Conflict, Store, VerifyFailure};

use crate::world::{at, file, id, must, on_each, queued, run, set};

fn step(subject: &str, number: u32, second: i64, act: Act) -> RegisterStep {
    let body = format!("body {number}").into_bytes();
    RegisterStep {
        subject: subject.into(),
        number,
        act,
        by: "ann".into(),
        at: at(second),
        reason: "because".into(),
        facts: BTreeMap::from([("ticket".to_owned(), "CHG-1".to_owned())]),
        digest: Digest::of(&body),
        body,
    }
}

fn record(subject: &str, number: u32, second: i64, act: Act) -> Change {
    Change::RecordStep(Box::new(step(subject, number, second, act)))
}

async fn filled(store: &Store) {
    must(store, set(1, vec![record("CW-1", 0, 1, Act::Propose)])).await;
    must(store, set(2, vec![record("CW-1", 1, 2, Act::Review)])).await;
    must(store, queued("a", "E100", 3)).await;
    let rules = Change::RecordLineage {
        id: delivery(),
        body: b"rules".to_vec(),
    };
    must(store, set(4, vec![rules])).await;
}

fn delivery() -> DeliveryId {
    DeliveryId {
        document: id("a"),
        number: 0,
    }
}

#[test]
fn steps_come_back_in_order_and_bodies_on_demand() {
    on_each(async |store: Store| {
        filled(&store).await;
        let steps = store.register_steps().await.unwrap();
        let acts: Vec<Act> = steps.iter().map(|step| step.act).collect();
        assert_eq!(acts, [Act::Propose, Act::Review]);
        assert_eq!(steps[1].fact("ticket"), "CHG-1");
        assert!(steps[1].body.is_empty());
        let body = store.register_body("CW-1", 1).await.unwrap().unwrap();
        assert_eq!(Digest::of(&body), steps[1].digest);
        assert_eq!(store.register_body("CW-1", 2).await.unwrap(), None);
        assert_eq!(store.lineage(delivery()).await.unwrap().unwrap(), b"rules");
        store.verify_audit(None).await.unwrap();
    });
}

#[test]
fn a_step_taken_by_somebody_else_or_before_the_last_one_conflicts() {
    on_each(async |store: Store| {
        filled(&store).await;
        let refused = [
            record("CW-1", 1, 9, Act::Approve),
            record("CW-1", 3, 9, Act::Approve),
            record("CW-2", 0, 1, Act::Propose),
        ];
        for (change, second) in refused.into_iter().zip([9, 9, 1]) {
            let answer = store.commit(set(second, vec![change])).await;
            assert!(
                matches!(&answer, Err(CommitError::Conflict(Conflict::Step { .. }))),
                "{answer:?}"
            );
        }
        assert_eq!(store.register_steps().await.unwrap().len(), 2);
    });
}

#[test]
fn an_edited_step_body_or_rule_is_noticed() {
    let edits = [
        "UPDATE register_step SET person = 'bob' WHERE number = 1",
        "UPDATE register_step SET reason = 'another' WHERE number = 0",
        "UPDATE register_step SET act = 'approved' WHERE number = 1",
        "UPDATE register_step SET body = CAST('other' AS BLOB) WHERE number = 0",
        "UPDATE register_step SET facts = x'00' WHERE number = 0",
        "UPDATE register_step SET at = at + 1 WHERE number = 1",
        "DELETE FROM register_step WHERE number = 1",
        "UPDATE lineage SET body = CAST('other' AS BLOB)",
        "DELETE FROM lineage",
    ];
    for sql in edits {
        let answer = run(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.db");
            let store = file(&path).await;
            filled(&store).await;
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            store.verify_audit(None).await
        });
        assert!(
            matches!(answer, Err(VerifyFailure::Differs { .. })),
            "{sql}: {answer:?}"
        );
    }
}
