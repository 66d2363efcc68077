//! People at the keyboards of both systems, and what happens to the systems by itself, at times drawn from the seed.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tieout_twins::intacct::IntacctTwin;

use super::faults::Class;
use super::folder::Company;
use super::ledger::{ENTITIES, SourceDocument, State, typed, typed_lines};
use super::make::may_change;
use super::sched::Rng;
use super::world::World;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Enter,
    EnterMany,
    Edit,
    MoveDate,
    Delete,
    Reverse,
    CloseForGood,
    CloseForAWhile,
    Reopen,
    EndSessions,
    WithdrawRole,
    GiveRoleBack,
    Jump,
    RotateKey,
}

/// The company's people: what they have done stands in `company.books`.
pub(crate) struct People {
    pub(crate) company: Mutex<Company>,
    rng: Mutex<Rng>,
    /// Of the second month, from when on it is closed for good in the target; milliseconds.
    pub(crate) closed_at: Mutex<Option<i64>>,
}

impl People {
    pub(crate) fn new(seed: u64, company: Company) -> Self {
        Self {
            company: Mutex::new(company),
            rng: Mutex::new(Rng::of(seed, "people")),
            closed_at: Mutex::new(None),
        }
    }

    /// Everything that will happen, in order of time.
    pub(crate) fn agenda(&self, world: &World) -> Vec<(i64, Act)> {
        let mut rng = self.rng.lock().unwrap();
        let company = self.company.lock().unwrap();
        let (start, length) = (company.epoch_ms, company.days * 86_400_000);
        let at = |rng: &mut Rng| start + rng.between(0, length);
        let mut agenda = Vec::new();
        let left = company.wanted - company.books.len().min(company.wanted);
        for _ in 0..left {
            agenda.push((at(&mut rng), Act::Enter));
        }
        let changes = left / 4 + 3;
        for _ in 0..changes {
            let act = *rng.pick(&[
                Act::Edit,
                Act::Edit,
                Act::MoveDate,
                Act::Delete,
                Act::Reverse,
            ]);
            agenda.push((at(&mut rng), act));
        }
        agenda.push((start + length * 6 / 10, Act::CloseForGood));
        let mut some = |class: Class, acts: &[Act], low: i64, high: i64| {
            if world.faults.has(class) {
                for _ in 0..rng.between(low, high) {
                    let when = start + rng.between(0, length);
                    for (n, act) in acts.iter().enumerate() {
                        let later = if n == 0 {
                            0
                        } else {
                            rng.between(60_000, 40_000_000)
                        };
                        agenda.push(((when + later).min(start + length), *act));
                    }
                }
            }
        };
        some(Class::Period, &[Act::CloseForAWhile, Act::Reopen], 1, 3);
        some(Class::Login, &[Act::EndSessions], 1, 3);
        some(Class::Login, &[Act::WithdrawRole, Act::GiveRoleBack], 0, 1);
        some(Class::Clock, &[Act::Jump], 1, 5);
        some(Class::Keys, &[Act::RotateKey], 1, 2);
        some(Class::Paging, &[Act::EnterMany], 0, 2);
        agenda.sort_by_key(|(at, _)| *at);
        agenda
    }

    /// Does one act at the true time `now`.
    pub(crate) fn act(&self, world: &World, now: i64, act: Act) {
        match act {
            Act::Enter => self.enter(world, now),
            Act::EnterMany => {
                let count = self.rng.lock().unwrap().between(5, 40);
                (0..count).for_each(|_| self.enter(world, now));
                world
                    .faults
                    .count(Class::Paging, now, "many rows of one second");
            }
            Act::Edit | Act::MoveDate => self.edit(world, now, act),
            Act::Delete => self.delete(world, now),
            Act::Reverse => self.reverse(world, now),
            Act::CloseForGood => {
                let name = self.company.lock().unwrap().months[1].name.clone();
                world.source_twin(|twin| twin.set_period(None, None, &name, "closed"));
                let later = world
                    .fusion
                    .twin
                    .lock()
                    .unwrap()
                    .set_period(None, None, &name, "C");
                later.unwrap();
                *self.closed_at.lock().unwrap() = Some(now);
            }
            Act::CloseForAWhile | Act::Reopen => self.close(world, now, act),
            Act::EndSessions => {
                world.intacct.twin.lock().unwrap().end_sessions();
                world.faults.count(Class::Login, now, "sessions ended");
            }
            Act::WithdrawRole => {
                let denied = vec!["APBILL".to_owned(), "GLBATCH".to_owned()];
                world
                    .intacct
                    .twin
                    .lock()
                    .unwrap()
                    .options_mut()
                    .denied_objects = denied;
                *world.fusion.away.lock().unwrap() = (now + 600_000, 401);
                world.faults.count(Class::Login, now, "role withdrawn");
            }
            Act::GiveRoleBack => {
                let mut twin = world.intacct.twin.lock().unwrap();
                twin.options_mut().denied_objects = Vec::new();
            }
            Act::Jump => world.jump(now),
            Act::RotateKey => world.rotate_key(now),
        }
    }

    /// Gives everything back that a fault took away.
    pub(crate) fn repair(&self, world: &World) {
        self.act(world, world.sched.now_ms(), Act::GiveRoleBack);
        self.close(world, world.sched.now_ms(), Act::Reopen);
        *world.fusion.away.lock().unwrap() = (0, 0);
        *world.intacct.away.lock().unwrap() = (0, 0);
    }

    fn close(&self, world: &World, now: i64, act: Act) {
        let company = self.company.lock().unwrap();
        let names: Vec<&str> = [0, 3, 4].map(|n: usize| &*company.months[n].name).to_vec();
        let mut twin = world.fusion.twin.lock().unwrap();
        if act == Act::Reopen {
            for name in names {
                twin.set_period(None, None, name, "O").unwrap();
            }
            return;
        }
        let mut rng = self.rng.lock().unwrap();
        let application = *rng.pick(&[None, Some("GL"), Some("AP")]);
        twin.set_period(None, application, rng.pick::<&str>(&names), "C")
            .unwrap();
        world.faults.count(Class::Period, now, "closed for a while");
    }

    pub(crate) fn enter(&self, world: &World, now: i64) {
        let mut company = self.company.lock().unwrap();
        let today = now / 86_400_000;
        let (number, document) = company.maker.next(&ENTITIES, Some(today));
        let state = document.latest().unwrap().clone();
        let value = typed(&number, &document, &state);
        let entered = world
            .intacct
            .twin
            .lock()
            .unwrap()
            .enter_document(now, &value);
        match entered {
            Ok(_) => {
                if document.has_dust {
                    world.faults.mark("digits behind the minor unit");
                }
                company.books.insert(number.clone(), document);
                world.announce(now, &number);
            }
            Err(why) => world.note_refused(&why),
        }
    }

    fn chosen(&self, company: &Company) -> Option<String> {
        let open: Vec<&String> = company
            .books
            .keys()
            .filter(|n| may_change(&company.books, n) && !n.starts_with("OPENING"))
            .collect();
        let mut rng = self.rng.lock().unwrap();
        (!open.is_empty()).then(|| (*rng.pick(&open)).clone())
    }

    fn edit(&self, world: &World, now: i64, act: Act) {
        let mut company = self.company.lock().unwrap();
        let Some(number) = self.chosen(&company) else {
            return;
        };
        let document = company.books[&number].clone();
        let mut state = document.latest().unwrap().clone();
        let change = if act == Act::MoveDate && !state.is_adjusting {
            let move_by = self.rng.lock().unwrap().between(1, 5);
            state.day += move_by;
            state.mapped_on = state.day;
            json!({"gl_date": super::ledger::iso(state.day)})
        } else {
            state.lines = company.maker.lines(&document, &ENTITIES);
            json!({"lines": typed_lines(&document, &state.lines)})
        };
        let done = world
            .intacct
            .twin
            .lock()
            .unwrap()
            .edit_document(now, &number, &change);
        match done {
            Ok(()) => {
                let entry = company.books.get_mut(&number).unwrap();
                entry.states.push(Some(state));
                world.announce(now, &number);
            }
            Err(why) => world.note_refused(&why),
        }
    }

    fn delete(&self, world: &World, now: i64) {
        let mut company = self.company.lock().unwrap();
        let Some(number) = self.chosen(&company) else {
            return;
        };
        let done = world
            .intacct
            .twin
            .lock()
            .unwrap()
            .delete_document(now, &number);
        match done {
            Ok(()) => {
                let entry = company.books.get_mut(&number).unwrap();
                entry.states.push(None);
                world.faults.mark("a document was deleted");
            }
            Err(why) => world.note_refused(&why),
        }
    }

    fn reverse(&self, world: &World, now: i64) {
        let mut company = self.company.lock().unwrap();
        let Some(number) = self.chosen(&company) else {
            return;
        };
        let document = company.books[&number].clone();
        if !matches!(
            document.kind,
            "ap_bill" | "gl_journal" | "revenue_recognition"
        ) {
            return;
        }
        let today = now / 86_400_000;
        let made = world.intacct.twin.lock().unwrap().reverse_document(
            now,
            &number,
            &json!({"gl_date": super::ledger::iso(today)}),
        );
        match made {
            Ok(answer) => {
                let name = answer["document_id"].as_str().unwrap().to_owned();
                let reversal = reversed(&document, &number, today);
                company.books.get_mut(&number).unwrap().is_reversed = true;
                company.books.insert(name.clone(), reversal);
                world.announce(now, &name);
                world.faults.mark("a document was reversed");
            }
            Err(why) => world.note_refused(&why),
        }
    }
}

fn reversed(document: &SourceDocument, number: &str, day: i64) -> SourceDocument {
    let original = document.latest().unwrap();
    let mut lines = original.lines.clone();
    for line in &mut lines {
        (line.txn, line.base) = (-line.txn, -line.base);
    }
    SourceDocument {
        kind: if document.kind == "ap_bill" {
            "ap_bill_void"
        } else {
            "gl_reversal"
        },
        states: vec![Some(State {
            day,
            is_adjusting: false,
            lines,
            mapped_on: original.mapped_on,
        })],
        reverses: Some(number.to_owned()),
        ..document.clone()
    }
}

/// A task that does everything on the agenda at its time.
pub(crate) async fn live(world: Arc<World>, agenda: Vec<(i64, Act)>) {
    for (at, act) in agenda {
        let wait = at - world.sched.now_ms();
        if wait > 0 {
            world.sched.sleep(wait).await;
        }
        world.people.act(&world, world.sched.now_ms(), act);
    }
    std::future::pending::<()>().await;
}

impl World {
    /// Does something to the source's twin that must succeed.
    pub(crate) fn source_twin(&self, work: impl FnOnce(&mut IntacctTwin) -> Result<(), String>) {
        work(&mut self.intacct.twin.lock().unwrap()).unwrap();
    }
}
