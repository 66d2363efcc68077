//! Change control: every step that must be refused is, and a refused one changes nothing.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::control::{
    Act, Content, KEYS, Refused, Register, RegisterStep, SETTINGS, State,
};
use tieout_model::{Digest, Timestamp};

/// 2026-11-25T12:00:00Z, a Wednesday.
const NOON_MS: i64 = 1_795_608_000_000;

/// A register with the keys of ann, bob and cal.
struct Desk {
    register: Register,
    now_ms: i64,
}

fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            register: Register::default(),
            now_ms: NOON_MS,
        };
        for owner in ["ann", "bob", "cal"] {
            let key = format!("key-{owner}");
            let pairs = [("key", key.as_str()), ("owner", owner), ("pem", "PEM")];
            desk.take(KEYS, Act::AddKey, "admin", &pairs).unwrap();
        }
        desk
    }

    fn step(&self, subject: &str, act: Act, by: &str, pairs: &[(&str, &str)]) -> RegisterStep {
        RegisterStep {
            subject: subject.into(),
            number: self.register.count(subject),
            act,
            by: by.into(),
            at: Timestamp::from_millis(self.now_ms),
            reason: "because".into(),
            facts: facts(pairs),
            digest: Digest::of(b"content"),
            body: b"content".to_vec(),
        }
    }

    fn give(&mut self, step: &RegisterStep) -> Result<(), Refused> {
        let before = self.register.clone();
        let taken = self.register.take(step).map_err(|fault| fault.kind);
        if taken.is_err() {
            assert_eq!(self.register, before, "a refused step changed the register");
        }
        taken
    }

    fn take(
        &mut self,
        subject: &str,
        act: Act,
        by: &str,
        pairs: &[(&str, &str)],
    ) -> Result<(), Refused> {
        self.now_ms += 1;
        let step = self.step(subject, act, by, pairs);
        self.give(&step)
    }

    fn propose(&mut self, id: &str, version: &str, from: &str, to: &str) -> Result<(), Refused> {
        self.propose_over(id, version, (from, to), "")
    }

    fn propose_over(
        &mut self,
        id: &str,
        version: &str,
        (from, to): (&str, &str),
        supersedes: &str,
    ) -> Result<(), Refused> {
        let pairs = [
            ("supersedes", supersedes),
            ("version", version),
            ("effective_from", from),
            ("effective_to", to),
            ("ticket", "CHG-1"),
            ("emergency", "false"),
        ];
        self.take(id, Act::Propose, "ann", &pairs)
    }

    fn approved(&mut self, id: &str) {
        self.take(id, Act::Review, "bob", &[]).unwrap();
        self.take(id, Act::Approve, "bob", &[]).unwrap();
        let content = Digest::of(b"content").to_string();
        self.take(
            id,
            Act::Simulate,
            "ann",
            &[("content", &content), ("period", "P12")],
        )
        .unwrap();
    }

    fn sign(&mut self, id: &str, by: &str, key: &str) -> Result<(), Refused> {
        let digest = Digest::of(b"content").to_string();
        let pairs = [
            ("key", key),
            ("simulation", digest.as_str()),
            ("content", digest.as_str()),
        ];
        self.take(id, Act::Sign, by, &pairs)
    }

    fn state(&self, id: &str) -> State {
        self.register.proposals()[id].state
    }
}

#[test]
fn three_persons_bring_a_version_into_effect() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "2026-12-31")
        .unwrap();
    assert_eq!(
        desk.take("CW-1", Act::Approve, "bob", &[]),
        Err(Refused::State)
    );
    assert_eq!(
        desk.take("CW-1", Act::Review, "Ann ", &[]),
        Err(Refused::Separation)
    );
    desk.approved("CW-1");
    assert_eq!(
        desk.sign("CW-1", "ann", "key-ann"),
        Err(Refused::Separation)
    );
    assert_eq!(
        desk.sign("CW-1", "bob", "key-bob"),
        Err(Refused::Separation)
    );
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    let proposal = &desk.register.proposals()["CW-1"];
    let on = |day: &str| desk.register.state_on(proposal, day.parse().unwrap());
    assert_eq!(on("2026-11-30"), State::Signed);
    assert_eq!(on("2026-12-01"), State::Effective);
    assert_eq!(on("2027-01-01"), State::Superseded);
    for act in [Act::Withdraw, Act::Reject, Act::Review, Act::Sign] {
        assert!(
            desk.take("CW-1", act, "ann", &[]).is_err(),
            "{act:?} after signing"
        );
    }
}

#[test]
fn a_signature_needs_a_good_key_of_the_signer() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    desk.approved("CW-1");
    assert_eq!(desk.sign("CW-1", "cal", "key-nobody"), Err(Refused::Key));
    assert_eq!(desk.sign("CW-1", "cal", "key-ann"), Err(Refused::Key));
    desk.take(KEYS, Act::RevokeKey, "admin", &[("key", "key-cal")])
        .unwrap();
    assert_eq!(desk.sign("CW-1", "cal", "key-cal"), Err(Refused::Key));
    assert_eq!(desk.state("CW-1"), State::Approved);
    assert_eq!(
        desk.take(KEYS, Act::RevokeKey, "admin", &[("key", "key-cal")]),
        Err(Refused::Key)
    );
}

#[test]
fn what_a_key_signed_before_it_was_revoked_stays_signed() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    desk.approved("CW-1");
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    let at = desk.register.proposals()["CW-1"].signed.as_ref().unwrap().1;
    desk.take(KEYS, Act::RevokeKey, "admin", &[("key", "key-cal")])
        .unwrap();
    assert!(desk.register.keys_at(at).any(|(id, _)| id == "key-cal"));
    let now = Timestamp::from_millis(desk.now_ms);
    assert!(desk.register.keys_at(now).all(|(id, _)| id != "key-cal"));
}

#[test]
fn the_signer_names_a_simulation_of_this_content() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    desk.take("CW-1", Act::Review, "bob", &[]).unwrap();
    desk.take("CW-1", Act::Approve, "bob", &[]).unwrap();
    assert_eq!(
        desk.sign("CW-1", "cal", "key-cal"),
        Err(Refused::Simulation)
    );
    let other = Digest::of(b"other").to_string();
    assert_eq!(
        desk.take("CW-1", Act::Simulate, "ann", &[("content", &other)]),
        Err(Refused::Simulation)
    );
    let pairs = [
        ("key", "key-cal"),
        ("content", other.as_str()),
        ("simulation", ""),
    ];
    assert_eq!(
        desk.take("CW-1", Act::Sign, "cal", &pairs),
        Err(Refused::Simulation)
    );
}

#[test]
fn a_clock_set_back_a_missing_reason_and_a_step_taken_twice_are_refused() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    let mut late = desk.step("CW-1", Act::Review, "bob", &[]);
    late.at = Timestamp::from_millis(desk.now_ms - 1);
    assert_eq!(desk.give(&late), Err(Refused::Clock));
    let mut mute = desk.step("CW-1", Act::Review, "bob", &[]);
    mute.reason = " ".into();
    assert_eq!(desk.give(&mute), Err(Refused::Reason));
    let once = desk.step("CW-1", Act::Review, "bob", &[]);
    desk.give(&once).unwrap();
    assert_eq!(desk.give(&once), Err(Refused::State));
    assert_eq!(
        desk.take("CW-9", Act::Review, "bob", &[]),
        Err(Refused::Name)
    );
    let ticketless = [("version", "v2"), ("effective_from", "2027-01-01")];
    assert_eq!(
        desk.take("CW-2", Act::Propose, "ann", &ticketless),
        Err(Refused::Reason)
    );
}

#[test]
fn signed_versions_do_not_overlap_and_an_open_end_ends_with_the_next() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    desk.approved("CW-1");
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    assert_eq!(
        desk.propose("CW-2", "v1", "2027-02-01", ""),
        Err(Refused::Overlap)
    );
    assert_eq!(
        desk.propose("CW-2", "v2", "2026-12-01", ""),
        Err(Refused::Overlap)
    );
    assert_eq!(
        desk.propose("CW-2", "v0", "2026-11-01", "2026-12-05"),
        Err(Refused::Overlap)
    );
    desk.propose("CW-2", "v2", "2027-02-01", "").unwrap();
    desk.approved("CW-2");
    desk.sign("CW-2", "cal", "key-cal").unwrap();
    let first = &desk.register.proposals()["CW-1"];
    let on = |day: &str| desk.register.state_on(first, day.parse().unwrap());
    assert_eq!(on("2027-01-31"), State::Effective);
    assert_eq!(on("2027-02-01"), State::Superseded);
}

#[test]
fn a_written_end_is_cut_short_by_a_version_that_says_so() {
    let mut desk = Desk::new();
    let year = ("2026-12-01", "2027-12-31");
    desk.propose("CW-1", "v1", year.0, year.1).unwrap();
    desk.approved("CW-1");
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    let rest = ("2027-03-01", "2027-12-31");
    let over =
        |desk: &mut Desk, id, version, days, name| desk.propose_over(id, version, days, name);
    for (days, name) in [(rest, ""), (rest, "v0"), (year, "v1")] {
        let refused = over(&mut desk, "CW-2", "v2", days, name);
        assert_eq!(refused, Err(Refused::Overlap), "{days:?} {name}");
    }
    over(&mut desk, "CW-2", "v2", rest, "v1").unwrap();
    desk.approved("CW-2");
    desk.sign("CW-2", "cal", "key-cal").unwrap();
    let first = &desk.register.proposals()["CW-1"];
    assert_eq!(first.effective_to.unwrap().to_string(), "2027-12-31");
    let on = |day: &str| desk.register.state_on(first, day.parse().unwrap());
    assert_eq!(on("2027-02-28"), State::Effective);
    assert_eq!(on("2027-03-01"), State::Superseded);
    // The days after the cut belong to the new version alone.
    let late = ("2027-06-01", "2027-12-31");
    let refused = over(&mut desk, "CW-3", "v3", late, "v1");
    assert_eq!(refused, Err(Refused::Overlap));
    over(&mut desk, "CW-3", "v3", late, "v2").unwrap();
}

#[test]
fn an_emergency_is_chased_until_another_person_reviewed_it() {
    let mut desk = Desk::new();
    let pairs = [
        ("version", "v1"),
        ("effective_from", "2026-11-20"),
        ("ticket", "INC-1"),
        ("emergency", "true"),
    ];
    desk.take("CW-1", Act::Propose, "ann", &pairs).unwrap();
    desk.approved("CW-1");
    assert!(desk.register.follow_ups().is_empty());
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    let (_, due) = desk.register.follow_ups()[0];
    assert_eq!(due.to_string(), "2026-11-27");
    assert_eq!(
        desk.take("CW-1", Act::FollowUp, "cal", &[]),
        Err(Refused::Separation)
    );
    assert_eq!(
        desk.take("CW-1", Act::FollowUp, "ann", &[]),
        Err(Refused::Separation)
    );
    desk.take("CW-1", Act::FollowUp, "bob", &[]).unwrap();
    assert!(desk.register.follow_ups().is_empty());
    assert_eq!(
        desk.take("CW-1", Act::FollowUp, "bob", &[]),
        Err(Refused::State)
    );
}

#[test]
fn two_persons_suffice_only_by_the_recorded_setting() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    desk.approved("CW-1");
    assert_eq!(
        desk.sign("CW-1", "bob", "key-bob"),
        Err(Refused::Separation)
    );
    desk.take(
        SETTINGS,
        Act::Separation,
        "admin",
        &[("two_person", "true")],
    )
    .unwrap();
    assert_eq!(
        desk.sign("CW-1", "ann", "key-ann"),
        Err(Refused::Separation)
    );
    desk.sign("CW-1", "bob", "key-bob").unwrap();
    assert!(desk.register.proposals()["CW-1"].is_by_two);
}

#[test]
fn only_the_preparer_withdraws_and_somebody_else_rejects() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    assert_eq!(
        desk.take("CW-1", Act::Withdraw, "bob", &[]),
        Err(Refused::Separation)
    );
    desk.take("CW-1", Act::Withdraw, "ann", &[]).unwrap();
    assert_eq!(desk.state("CW-1"), State::Withdrawn);
    desk.propose("CW-2", "v1", "2026-12-01", "").unwrap();
    desk.take("CW-2", Act::Review, "bob", &[]).unwrap();
    assert_eq!(
        desk.take("CW-2", Act::Reject, "ann", &[]),
        Err(Refused::Separation)
    );
    desk.take("CW-2", Act::Reject, "cal", &[]).unwrap();
    assert_eq!(desk.state("CW-2"), State::Rejected);
    assert_eq!(desk.register.find("v1").unwrap().id, "CW-1");
}

#[test]
fn the_content_does_not_depend_on_who_worked_on_it() {
    let file = |name: &str| {
        let path =
            crate::crosswalk_company::folder("golden").join(format!("crosswalk/{name}.json"));
        std::fs::read(path).unwrap()
    };
    let v1 = Content::of(&file("v1")).unwrap();
    assert_eq!(Content::of(&v1.bytes()).unwrap().digest(), v1.digest());
    let signed = v1.with([
        ("prepared_by", "a".to_owned()),
        ("reviewed_by", "b".to_owned()),
        ("signed_by", "c".to_owned()),
        ("signed_at", "today".to_owned()),
        ("ticket", "CHG-1".to_owned()),
    ]);
    assert_eq!(Content::of(&signed).unwrap().digest(), v1.digest());
    assert_ne!(Content::of(&file("v2")).unwrap().digest(), v1.digest());
    assert!(Content::of(b"[]").is_err());
    let broken = String::from_utf8(v1.bytes())
        .unwrap()
        .replacen("\"rules\"", "\"ruls\"", 1);
    let fault = Content::of(broken.as_bytes()).unwrap_err().to_string();
    assert!(fault.contains("ruls"), "{fault}");
}

#[test]
fn a_restatement_is_drawn_up_by_one_person_and_approved_by_another() {
    let mut desk = Desk::new();
    desk.propose("CW-1", "v1", "2026-12-01", "").unwrap();
    let drawn = [("period", "P11"), ("on", "2026-11-30")];
    let propose = |desk: &mut Desk| desk.take("CW-1", Act::ProposeRestatement, "ann", &drawn);
    assert_eq!(
        propose(&mut desk),
        Err(Refused::State),
        "before it is signed"
    );
    desk.approved("CW-1");
    desk.sign("CW-1", "cal", "key-cal").unwrap();
    let digest = Digest::of(b"content").to_string();
    let hash = [("restatement", digest.as_str())];
    let approve = |desk: &mut Desk, by: &str| desk.take("CW-1", Act::Restate, by, &hash);
    assert_eq!(
        approve(&mut desk, "bob"),
        Err(Refused::Restatement),
        "not drawn up"
    );
    propose(&mut desk).unwrap();
    assert_eq!(approve(&mut desk, " ANN"), Err(Refused::Separation));
    let other = Digest::of(b"other").to_string();
    let wrong = [("restatement", other.as_str())];
    assert_eq!(
        desk.take("CW-1", Act::Restate, "bob", &wrong),
        Err(Refused::Restatement)
    );
    approve(&mut desk, "bob").unwrap();
    assert_eq!(
        approve(&mut desk, "bob"),
        Err(Refused::Restatement),
        "twice"
    );
    let found = &desk.register.proposals()["CW-1"].restatements;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].approved_by.as_deref(), Some("bob"));
    assert_eq!((&*found[0].period, &*found[0].by), ("P11", "ann"));
}
