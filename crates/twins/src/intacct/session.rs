//! Signing in: credentials, sessions, and the ledger of functions done.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::books::Books;
use super::fault::Fault;
use super::options::IntacctOptions;
use super::xml::Element;

/// What a client needs to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntacctLogin {
    /// Web-services sender.
    pub sender_id: String,
    /// Its password.
    pub sender_password: String,
    /// Company id.
    pub company_id: String,
    /// Web-services user.
    pub user_id: String,
    /// Its password.
    pub user_password: String,
}

/// A signed-in user.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Session {
    pub(in crate::intacct) id: String,
    /// Entity id the session is limited to; empty at the top level.
    pub(in crate::intacct) entity: String,
    /// Unix milliseconds it ends, unless used.
    pub(in crate::intacct) ends: i64,
}

/// Credentials and sessions of the tenant.
#[derive(Debug)]
pub(in crate::intacct) struct Door {
    pub(in crate::intacct) login: IntacctLogin,
    sessions: BTreeMap<String, Session>,
    made: u64,
    seed: u64,
    /// Completed functions: (sender, control id).
    pub(in crate::intacct) done: BTreeSet<(String, String)>,
}

/// A secret of the tenant, the same for the same seed.
fn secret(seed: u64, what: &str) -> String {
    let digest = Sha256::digest(format!("intacct {what} {seed}").as_bytes());
    digest.iter().take(12).map(|b| format!("{b:02x}")).collect()
}

impl Door {
    /// The door of a company.
    pub(in crate::intacct) fn new(company: String, options: &IntacctOptions) -> Self {
        let login = IntacctLogin {
            sender_id: "tieout_ws".to_owned(),
            sender_password: secret(options.seed, "sender"),
            company_id: company,
            user_id: "ws_tieout".to_owned(),
            user_password: secret(options.seed, "user"),
        };
        Self {
            login,
            sessions: BTreeMap::new(),
            made: 0,
            seed: options.seed,
            done: BTreeSet::new(),
        }
    }

    /// Checks an `authentication` element; answers the session (an unnamed one for a login) and whether it came from a session id.
    ///
    /// # Errors
    /// XL03000006 at the level of authentication (§1.7, §1.8).
    pub(in crate::intacct) fn authenticate(
        &mut self,
        books: &Books,
        element: &Element,
        now: i64,
    ) -> Result<Session, Fault> {
        let length = books.options.session_minutes * 60_000;
        if let Some(id) = element.child("sessionid") {
            self.sessions.retain(|_, s| s.ends > now);
            let session = self.sessions.get_mut(id.text.as_str());
            let session = session.ok_or_else(|| {
                Fault::sign_in("The session is invalid or has expired. Please sign in again.")
            })?;
            session.ends = now + length;
            return Ok(session.clone());
        }
        let wrong =
            || Fault::sign_in("Sign-in information is incorrect. Please check your request.");
        let login = element.child("login").ok_or_else(wrong)?;
        let parts: Vec<&str> = login.of("companyid").split('|').collect();
        let (company, piped) = match parts.as_slice() {
            [company] => (*company, ""),
            [company, entity] => (*company, *entity),
            _ => return Err(wrong()),
        };
        if company != self.login.company_id
            || login.of("userid") != self.login.user_id
            || login.of("password") != self.login.user_password
            || !login.of("clientid").is_empty()
        {
            return Err(wrong());
        }
        let entity = if login.of("locationid").is_empty() {
            piped
        } else {
            login.of("locationid")
        };
        if !entity.is_empty() && books.entity(entity).is_none() {
            return Err(Fault::sign_in(&format!(
                "The entity '{entity}' does not exist or is not allowed."
            )));
        }
        Ok(Session {
            id: String::new(),
            entity: entity.to_owned(),
            ends: now + length,
        })
    }

    /// Opens a session for an entity (empty: top level).
    pub(in crate::intacct) fn open(&mut self, entity: &str, ends: i64) -> String {
        self.made += 1;
        let id = format!(
            "{}-{}@{}_..",
            secret(self.seed ^ self.made, "session"),
            self.made,
            &self.login.company_id
        );
        let session = Session {
            id: id.clone(),
            entity: entity.to_owned(),
            ends,
        };
        self.sessions.insert(id.clone(), session);
        id
    }

    /// Ends every session, as an administrator or an outage may.
    pub(in crate::intacct) fn close_all(&mut self) {
        self.sessions.clear();
    }
}
