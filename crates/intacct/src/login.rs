//! Sessions: one login, renewed early, renewed once when refused, never in a loop (intacct-xml.md §1.6).
//!
//! A refused login is remembered and not tried again for a while, since a locked user stops every integration of the company.

use tieout_connector::{Fault, FaultOrigin, Secret};
use tieout_model::FaultClass;
use tokio::sync::Mutex;

use crate::civil_time;
use crate::config::IntacctConfig;
use crate::xml::answer::Answer;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Opaque id; who has it is logged in.
    pub(crate) id: Secret,
    /// Where it lives.
    pub(crate) endpoint: http::Uri,
    /// By our clock, in milliseconds: when it ends if no call is made.
    ends_ms: i64,
    /// By the gateway's clock, in milliseconds: when it began.
    pub(crate) began_there_ms: Option<i64>,
}

/// The session in use.
#[derive(Debug, Default)]
pub(crate) struct SessionKeeper {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    refused: Option<(i64, Fault)>,
}

impl SessionKeeper {
    /// The session in use, or a new one made with `login`.
    ///
    /// # Errors
    /// [`Fault`] of the login; for some time after a refused one the same fault again, without a call.
    pub(crate) async fn session<F>(
        &self,
        config: &IntacctConfig,
        now_ms: i64,
        login: F,
    ) -> Result<Session, Fault>
    where
        F: AsyncFnOnce() -> Result<Session, Fault>,
    {
        let mut state = self.state.lock().await;
        let early = signed(config.bounds.session_renew_early_ms);
        if let Some(session) = &state.session
            && session.ends_ms.saturating_sub(early) > now_ms
        {
            return Ok(session.clone());
        }
        if let Some((until, fault)) = &state.refused
            && now_ms < *until
        {
            return Err(fault.clone());
        }
        match login().await {
            Ok(session) => {
                state.refused = None;
                state.session = Some(session.clone());
                Ok(session)
            }
            Err(fault) => {
                state.session = None;
                if fault.class == FaultClass::Unauthorised {
                    let until = now_ms.saturating_add(signed(config.bounds.login_pause_ms));
                    state.refused = Some((until, fault.clone()));
                }
                Err(fault)
            }
        }
    }

    /// Forgets a session that was refused, unless another caller has already replaced it.
    pub(crate) async fn forget(&self, id: &str) {
        let mut state = self.state.lock().await;
        if state
            .session
            .as_ref()
            .is_some_and(|known| known.id.reveal() == id)
        {
            state.session = None;
        }
    }

    /// Every call moves a session's end; notes the new one.
    pub(crate) async fn slide(&self, id: &str, answer: &Answer, now_ms: i64) {
        let Some(length) = length_ms(answer) else {
            return;
        };
        let mut state = self.state.lock().await;
        if let Some(session) = state
            .session
            .as_mut()
            .filter(|known| known.id.reveal() == id)
        {
            session.ends_ms = now_ms.saturating_add(length);
        }
    }
}

/// The session that `getAPISession` answered with.
///
/// # Errors
/// [`FaultClass::Incompatible`] if there is none, or if its endpoint is on a host we do not trust.
pub(crate) fn session_of(
    answer: &Answer,
    config: &IntacctConfig,
    now_ms: i64,
) -> Result<Session, Fault> {
    let wrong = |detail: String| {
        let class = FaultClass::Incompatible;
        Fault::new(class, FaultOrigin::Application, "getAPISession", detail)
    };
    let row = answer
        .results
        .first()
        .and_then(|result| result.data.row(0))
        .filter(|row| !row.named("sessionid").is_empty())
        .ok_or_else(|| wrong("the answer holds no session".to_owned()))?;
    let endpoint = match row.named("endpoint") {
        "" => config.endpoint.as_str(),
        named => named,
    };
    let endpoint: http::Uri = endpoint
        .parse()
        .map_err(|_| wrong(format!("the session's endpoint {endpoint:?} is no address")))?;
    trust(&endpoint, config).map_err(wrong)?;
    let length = length_ms(answer).unwrap_or_else(|| signed(config.bounds.session_assumed_ms));
    Ok(Session {
        id: Secret::new(row.named("sessionid")),
        endpoint,
        ends_ms: now_ms.saturating_add(length),
        began_there_ms: civil_time::iso_millis(&answer.session_stamp),
    })
}

/// Credentials go only to the configured host or to the vendor's own hosts, and never from a safe scheme to a plain one.
fn trust(endpoint: &http::Uri, config: &IntacctConfig) -> Result<(), String> {
    let configured: http::Uri = config.endpoint.parse().map_err(|_| {
        format!(
            "the configured endpoint {:?} is no address",
            config.endpoint
        )
    })?;
    let host = endpoint.host().unwrap_or_default().to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    let own = configured.host().unwrap_or_default().to_ascii_lowercase();
    if host.is_empty() || (host != own && !host.ends_with(&config.trusted_host_suffix)) {
        return Err(format!(
            "the session's endpoint is on the host {host:?}, which is neither {own:?} nor under {:?}; if this is right, set trusted_host_suffix",
            config.trusted_host_suffix
        ));
    }
    if configured.scheme_str() == Some("https") && endpoint.scheme_str() != Some("https") {
        return Err(format!("the session's endpoint {endpoint} is not https"));
    }
    Ok(())
}

/// How long the session lasts from now, as the gateway says; both stamps are by its own clock, so clocks need not agree.
fn length_ms(answer: &Answer) -> Option<i64> {
    let began = civil_time::iso_millis(&answer.session_stamp)?;
    let ends = civil_time::iso_millis(&answer.session_timeout)?;
    Some(ends.saturating_sub(began).max(0))
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use tieout_model::SystemId;

    use super::trust;
    use crate::config::IntacctConfig;

    fn config(endpoint: &str) -> IntacctConfig {
        IntacctConfig::new(SystemId::new("intacct"), endpoint, "ACME")
    }

    #[test]
    fn a_session_may_move_to_the_vendors_hosts_only() {
        let vendor = config("https://api.intacct.com/ia/xml/xmlgw.phtml");
        let may = |to: &str| trust(&to.parse().unwrap(), &vendor).is_ok();
        assert!(may("https://api-p042.intacct.com/ia/xml/xmlgw.phtml"));
        assert!(may("https://API.INTACCT.COM./ia/xml/xmlgw.phtml"));
        assert!(!may("http://api.intacct.com/ia/xml/xmlgw.phtml"));
        assert!(!may("https://intacct.com.example.org/"));
        assert!(!may("https://notintacct.com/"));
        assert!(!may("/ia/xml/xmlgw.phtml"));
    }

    #[test]
    fn a_loopback_endpoint_keeps_working() {
        let local = config("http://127.0.0.1:4242/ia/xml/xmlgw.phtml");
        let to = "http://127.0.0.1:4242/ia/xml/xmlgw.phtml";
        assert!(trust(&to.parse().unwrap(), &local).is_ok());
        assert!(trust(&"http://127.0.0.2:1/".parse().unwrap(), &local).is_err());
    }
}
