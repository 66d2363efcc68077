//! The register of crosswalk versions: read from the store, checked, and carried on step by step.

use std::collections::BTreeMap;

use tieout_engine::crosswalk::control::{
    Act, Content, ControlFault, KeyRow, Proposal, Refused, Register, RegisterStep, day_of,
};
use tieout_engine::crosswalk::{
    Crosswalk, Reference, TrustedKeys, VERSION_TYPE, VersionFile, open,
};
use tieout_engine::{Actor, Change, Changeset};
use tieout_keys::PublicKey;
use tieout_model::{AccountingDate, Digest, Timestamp};
use tieout_store::{CommitError, Store};

use crate::config::Config;
use crate::problem::{Failure, Problem};
use crate::systems::{chain, file_versions, open_store, sealed_reference, unreadable};

/// The register as it stands.
pub(crate) struct Ledger {
    /// Where it is kept.
    pub(crate) store: Store,
    /// The configuration.
    pub(crate) config: Config,
    /// What the steps make.
    pub(crate) register: Register,
    /// Every step, without bodies.
    pub(crate) steps: Vec<RegisterStep>,
}

/// What a command adds to the register.
pub(crate) struct NewStep {
    /// The proposal's id, or the subject of keys and settings.
    pub(crate) subject: String,
    /// What is done.
    pub(crate) act: Act,
    /// By whom.
    pub(crate) by: String,
    /// Why.
    pub(crate) reason: String,
    /// What belongs to it.
    pub(crate) facts: BTreeMap<String, String>,
    /// Bytes that belong to it.
    pub(crate) body: Vec<u8>,
}

impl Ledger {
    /// Opens the store of a configuration and reads the register.
    pub(crate) async fn open(config: Config) -> Result<Self, Failure> {
        let store = open_store(&config).await?;
        Self::of(store, config).await
    }

    /// Reads the register of a store.
    pub(crate) async fn of(store: Store, config: Config) -> Result<Self, Failure> {
        let steps = store.register_steps().await.map_err(|e| unreadable(&e))?;
        let register = Register::of(&steps).map_err(|fault| {
            Failure::Tampering(
                Problem::new(
                    "P0434",
                    format!("the register holds a step that was never allowed: {fault}"),
                )
                .hint("run `tieout audit verify`; restore the store from a backup"),
            )
        })?;
        Ok(Self {
            store,
            config,
            register,
            steps,
        })
    }

    /// A proposal by id or version name.
    pub(crate) fn find(&self, name: &str) -> Result<&Proposal, Failure> {
        self.register.find(name).ok_or_else(|| {
            Problem::new("P0433", format!("no version {name:?} was proposed"))
                .hint("`tieout crosswalk list` shows all of them")
                .into()
        })
    }

    /// What was proposed, unchanged since.
    pub(crate) async fn content(&self, proposal: &Proposal) -> Result<Content, Failure> {
        let body = self.body(&proposal.id, 0, proposal.content).await?;
        Content::of(&body)
            .map_err(|fault| Problem::new("P0430", format!("{}: {fault}", proposal.id)).into())
    }

    /// The body of a step; an altered one is evidence of tampering.
    pub(crate) async fn body(
        &self,
        subject: &str,
        number: u32,
        digest: Digest,
    ) -> Result<Vec<u8>, Failure> {
        let body = self.store.register_body(subject, number).await;
        let body = body.map_err(|e| unreadable(&e))?.unwrap_or_default();
        if Digest::of(&body) == digest {
            return Ok(body);
        }
        let what = format!("step {number} of {subject} was altered outside this program");
        Err(Failure::Tampering(
            Problem::new("P0434", what).hint("run `tieout audit verify`"),
        ))
    }

    /// Takes a step: checked against the register, then made durable with its audit entry. A refused one changes nothing.
    pub(crate) async fn take(&mut self, new: NewStep, now: Timestamp) -> Result<(), Failure> {
        self.take_with(new, now, Vec::new()).await
    }

    /// The same, with other changes that become durable together with it.
    pub(crate) async fn take_with(
        &mut self,
        new: NewStep,
        now: Timestamp,
        others: Vec<Change>,
    ) -> Result<(), Failure> {
        let step = RegisterStep {
            number: self.register.count(&new.subject),
            at: now,
            digest: Digest::of(&new.body),
            subject: new.subject,
            act: new.act,
            by: new.by,
            reason: new.reason,
            facts: new.facts,
            body: new.body,
        };
        let mut next = self.register.clone();
        next.take(&step).map_err(refused)?;
        let why = format!("{} {}: {}", step.subject, step.act.word(), step.reason);
        let mut changes = vec![Change::RecordStep(Box::new(step.clone()))];
        changes.extend(others);
        let set = Changeset {
            by: Actor::Operator(step.by.clone()),
            why,
            at: now,
            changes,
        };
        self.store.commit(set).await.map_err(|e| match &e {
            CommitError::Conflict(_) => Problem::new("P0420", chain(&e))
                .hint("somebody else was faster; look at the register and try again")
                .into(),
            CommitError::Unavailable(_) | CommitError::Corrupt(_) => {
                Failure::Unreachable(Problem::new("P0301", chain(&e)))
            }
        })?;
        self.register = next;
        self.steps.push(RegisterStep {
            body: Vec::new(),
            ..step
        });
        Ok(())
    }

    /// Records the setting of two persons if it changed since it was last recorded.
    pub(crate) async fn note_separation(
        &mut self,
        by: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let is_two_person = self.config.crosswalk.two_person;
        if is_two_person == self.register.is_two_person() {
            return Ok(());
        }
        let step = NewStep {
            subject: tieout_engine::crosswalk::control::SETTINGS.into(),
            act: Act::Separation,
            by: by.to_owned(),
            reason: "[crosswalk] two_person was changed in the configuration".into(),
            facts: BTreeMap::from([("two_person".to_owned(), is_two_person.to_string())]),
            body: Vec::new(),
        };
        self.take(step, now).await
    }

    /// The signed versions of the register, each proven: sealed by the key that the register names, over the content that was approved.
    pub(crate) async fn versions(&self) -> Result<Vec<VersionFile>, Failure> {
        let mut files = Vec::new();
        for proposal in self.register.signed() {
            files.push(self.proven(proposal).await?);
        }
        Ok(files)
    }

    async fn proven(&self, proposal: &Proposal) -> Result<VersionFile, Failure> {
        let step = self
            .steps
            .iter()
            .find(|s| s.subject == proposal.id && s.act == Act::Sign);
        let (Some(step), Some((signer, at, key))) = (step, &proposal.signed) else {
            return Err(altered(proposal, "it has no signature"));
        };
        let sealed = self.body(&proposal.id, step.number, step.digest).await?;
        let known = self.register.keys_at(*at).find(|(id, _)| id == key);
        let Some((id, row)) = known else {
            return Err(altered(
                proposal,
                "its key did not count on the day it was signed",
            ));
        };
        let trust = trust_of(id, row)?;
        let opened =
            open(&sealed, &trust).map_err(|fault| altered(proposal, &fault.to_string()))?;
        if opened.payload_type != VERSION_TYPE {
            return Err(altered(proposal, "it is sealed as something else"));
        }
        let content = Content::of(&opened.payload);
        let file = VersionFile::parse(&opened.payload);
        let (Ok(content), Ok(file)) = (content, file) else {
            return Err(altered(proposal, "what was signed can't be read"));
        };
        let is_same = content.digest() == proposal.content
            && file.people.signed_by == *signer
            && file.people.prepared_by == proposal.prepared_by
            && Some(&file.people.reviewed_by) == proposal.reviewed_by.as_ref();
        if is_same {
            Ok(file)
        } else {
            Err(altered(
                proposal,
                "what was signed is not what was approved",
            ))
        }
    }

    /// The crosswalk in force: files and, if the register is used, its signed versions.
    pub(crate) async fn crosswalk(&self) -> Result<(Crosswalk, Reference), Failure> {
        let reference = sealed_reference(&self.config)?;
        let crosswalk = Crosswalk::of_register(self.all_versions().await?, reference.clone());
        Ok((crosswalk.map_err(|e| not_open(&e))?, reference))
    }

    /// The versions of files and register.
    pub(crate) async fn all_versions(&self) -> Result<Vec<VersionFile>, Failure> {
        let mut files = file_versions(&self.config)?;
        let named: Vec<String> = files.iter().map(|file| file.version.clone()).collect();
        let signed = self.versions().await?;
        // A version that was moved from the register into a file is the same version once.
        files.extend(
            signed
                .into_iter()
                .filter(|file| !named.contains(&file.version)),
        );
        Ok(files)
    }

    /// What a person must deal with today.
    pub(crate) fn warnings(&self, today: AccountingDate) -> Vec<String> {
        let mut found = Vec::new();
        for (proposal, due) in self.register.follow_ups() {
            let word = if due < today {
                "is OVERDUE since"
            } else {
                "is due by"
            };
            found.push(format!(
                "emergency version {} ({}): the review after the fact {word} {due}; `tieout crosswalk review {}`",
                proposal.version, proposal.id, proposal.id
            ));
        }
        for proposal in self.register.signed() {
            let is_due = proposal.needs_migration && proposal.migrations == 0;
            if is_due && proposal.effective_from <= today {
                found.push(format!(
                    "version {} ({}): balances must be moved since {}; `tieout crosswalk migrate {}`",
                    proposal.version, proposal.id, proposal.effective_from, proposal.id
                ));
            }
        }
        found
    }

    /// True if something is overdue or balances wait to be moved.
    pub(crate) fn is_chased(&self, today: AccountingDate) -> bool {
        let is_overdue = self
            .register
            .follow_ups()
            .iter()
            .any(|(_, due)| *due < today);
        let signed = self.register.signed();
        let waits =
            |p: &&Proposal| p.needs_migration && p.migrations == 0 && p.effective_from <= today;
        is_overdue || signed.iter().any(waits)
    }
}

/// The one key, trusted for versions.
pub(crate) fn trust_of(id: &str, row: &KeyRow) -> Result<TrustedKeys, Failure> {
    let unusable = |what: String| Problem::new("P0402", format!("key {id}: {what}"));
    let public = PublicKey::from_pem(&row.pem).map_err(|e| unusable(e.to_string()))?;
    let mut trust = TrustedKeys::new();
    trust
        .trust(id, &public.0, Some(VERSION_TYPE))
        .map_err(|e| unusable(e.to_string()))?;
    Ok(trust)
}

/// What a person sees of contradictions.
pub(crate) fn not_open(error: &tieout_engine::crosswalk::CrosswalkError) -> Failure {
    let what = format!("the crosswalk cannot be opened: {}", chain(error));
    Problem::new("P0403", what)
        .hint("correct every contradiction named above, then propose the version again")
        .into()
}

/// Today, in UTC.
pub(crate) fn today(now: Timestamp) -> AccountingDate {
    day_of(now)
}

fn altered(proposal: &Proposal, what: &str) -> Failure {
    let what = format!("version {} ({}): {what}", proposal.version, proposal.id);
    Failure::Tampering(
        Problem::new("P0434", what)
            .hint("run `tieout audit verify`; restore the store from a backup"),
    )
}

/// What a person sees of a refused step.
pub(crate) fn refused(fault: ControlFault) -> Failure {
    let code = match fault.kind {
        Refused::State => "P0420",
        Refused::Separation => "P0421",
        Refused::Reason => "P0422",
        Refused::Date => "P0423",
        Refused::Clock => "P0424",
        Refused::Key => "P0425",
        Refused::Simulation => "P0426",
        Refused::Overlap => "P0427",
        Refused::Restatement => "P0431",
        Refused::Name => "P0433",
    };
    Problem::new(code, format!("{}: {}", fault.subject, fault.what))
        .hint(fault.remedy)
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use tieout_engine::crosswalk::control::{Act, KEYS};
    use tieout_model::{Digest, Timestamp};
    use tieout_store::{DatabaseUrl, ExecutionMode, Store};

    use super::{Ledger, NewStep};
    use crate::config::{Config, EXAMPLE};
    use crate::problem::Failure;

    /// 2026-11-25T12:00:00Z, a Wednesday.
    const NOON: Timestamp = Timestamp::from_millis(1_795_608_000_000);

    fn step(subject: &str, act: Act, by: &str, facts: &[(&str, &str)]) -> NewStep {
        let facts = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        NewStep {
            subject: subject.to_owned(),
            act,
            by: by.to_owned(),
            reason: "because".to_owned(),
            facts: facts.collect(),
            body: Vec::new(),
        }
    }

    /// A signed emergency, as the store has it.
    async fn with_emergency(folder: &Path) -> Ledger {
        let url = format!("sqlite:{}", folder.join("books.db").display());
        let url: DatabaseUrl = url.parse().unwrap();
        let store = Store::open(&url, ExecutionMode::Blocking).await.unwrap();
        let config = Config::parse(EXAMPLE, Path::new("example.toml")).unwrap();
        let mut ledger = Ledger::of(store, config).await.unwrap();
        let content = Digest::of(b"").to_string();
        let emergency = [
            ("version", "hot"),
            ("effective_from", "2026-11-20"),
            ("ticket", "INC-1"),
            ("emergency", "true"),
        ];
        let signed = [
            ("key", "k"),
            ("simulation", &content),
            ("content", &content),
        ];
        let steps = [
            step(
                KEYS,
                Act::AddKey,
                "admin",
                &[("key", "k"), ("owner", "sara"), ("pem", "PEM")],
            ),
            step("CW-1", Act::Propose, "pia", &emergency),
            step(
                "CW-1",
                Act::Simulate,
                "pia",
                &[("content", &content), ("period", "P")],
            ),
            step("CW-1", Act::Review, "rob", &[]),
            step("CW-1", Act::Approve, "rob", &[]),
            step("CW-1", Act::Sign, "sara", &signed),
        ];
        for step in steps {
            ledger.take(step, NOON).await.unwrap();
        }
        ledger
    }

    #[tokio::test]
    async fn a_late_review_of_an_emergency_is_chased_from_the_day_after_its_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = with_emergency(folder.path()).await;
        let on = |ledger: &Ledger, day: &str| {
            let day = day.parse().unwrap();
            (ledger.warnings(day).join("\n"), ledger.is_chased(day))
        };
        let (words, is_chased) = on(&ledger, "2026-11-27");
        assert!(words.contains("is due by 2026-11-27"), "{words}");
        assert!(!is_chased);
        let (words, is_chased) = on(&ledger, "2026-11-28");
        assert!(words.contains("is OVERDUE since 2026-11-27"), "{words}");
        assert!(is_chased, "status ends with 1");
        // A late one is a review all the same, and the register keeps when it was.
        let late = step("CW-1", Act::FollowUp, "rob", &[]);
        let after = Timestamp::from_millis(NOON.millis() + 7 * 86_400_000);
        ledger.take(late, after).await.unwrap();
        assert_eq!(on(&ledger, "2026-12-02"), (String::new(), false));
        let last = ledger.steps.last().unwrap();
        assert_eq!((last.act, last.at), (Act::FollowUp, after));
        assert_eq!(last.facts, BTreeMap::new());
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_records_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = with_emergency(folder.path()).await;
        let early = Timestamp::from_millis(NOON.millis() - 1);
        let late = || step("CW-1", Act::FollowUp, "rob", &[]);
        let Err(Failure::Usage(problems)) = ledger.take(late(), early).await else {
            panic!("a step before the last one was taken");
        };
        assert_eq!(problems[0].code, "P0424");
        let config = Config::parse(EXAMPLE, Path::new("example.toml")).unwrap();
        let again = Ledger::of(ledger.store, config).await.unwrap();
        assert_eq!(again.steps.len(), 6, "nothing was recorded");
        assert_eq!(again.register.follow_ups().len(), 1);
    }
}
