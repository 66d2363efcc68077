//! What follows a document never overtakes it: reversals and voids wait for their originals.

use tieout_engine::{Actor, Changeset, DeliveryEvent, settle};
use tieout_store::{DocumentFilter, DocumentRow, DocumentWord};

use crate::company::folder;
use crate::golden::check_balances;
use crate::world::World;

async fn in_state(world: &World, state: DocumentWord) -> Vec<DocumentRow> {
    let filter = DocumentFilter {
        states: vec![state],
        limit: 1_000,
        ..DocumentFilter::default()
    };
    world.context.store.documents(&filter).await.unwrap()
}

/// A person lets every refused document go again.
async fn retry_refused(world: &World) {
    for row in in_state(world, DocumentWord::Rejected).await {
        let id = row.id.to_string();
        let detail = world.context.store.document(&id).await.unwrap().unwrap();
        let last = &detail.deliveries.last().unwrap().delivery;
        let context = &world.context;
        let event = DeliveryEvent::Released;
        let change = settle(last, event, context.moment(), &context.policy).unwrap();
        let set = Changeset {
            by: Actor::Operator("carla.controller".into()),
            why: "retry".into(),
            at: context.now(),
            changes: vec![change],
        };
        context.store.commit(set).await.unwrap();
    }
}

#[tokio::test]
async fn reversals_and_voids_of_refused_documents_wait_and_then_follow() {
    let world = World::open(folder("golden"), 71).await;
    let set_december = |status: &str| {
        let mut twin = world.fusion.twin.lock().unwrap();
        twin.set_period(None, None, "P12-2026", status).unwrap();
    };
    set_december("C");
    world.drain().await;
    let refused = in_state(&world, DocumentWord::Rejected).await;
    assert!(refused.iter().any(|row| row.number == "BILL-E100-1"));
    // The accrual's reversal and the bill's void are of January, which is open: they wait all the same.
    let held = in_state(&world, DocumentWord::Held).await;
    let waiting: Vec<&DocumentRow> = held
        .iter()
        .filter(|row| row.reason.contains("not in the target yet"))
        .collect();
    assert!(waiting.len() >= 2, "{held:#?}");
    let ids: Vec<_> = waiting.iter().map(|row| row.id).collect();
    for id in &ids {
        let detail = world.context.store.document(&id.to_string()).await;
        assert!(detail.unwrap().unwrap().deliveries.is_empty());
    }

    set_december("O");
    retry_refused(&world).await;
    world.drain().await;
    assert!(in_state(&world, DocumentWord::Held).await.is_empty());
    for id in &ids {
        let detail = world.context.store.document(&id.to_string()).await;
        assert_eq!(detail.unwrap().unwrap().deliveries.len(), 1);
    }
    check_balances(&world);
}
