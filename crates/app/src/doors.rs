//! The limits of each system, shared by all processes on one database: who this process is, and which others have ended.

use std::sync::{Arc, Mutex, PoisonError};

use tieout_connector::{Transport, Waiter};
use tieout_engine::budget::Pace;
use tieout_model::Ambient;
use tieout_pipeline::budget::{Limits, Membership, SharedDoor};
use tieout_store::Store;

use crate::ambient::RealWaiter;
use crate::config::Config;

/// Calls are counted per minute.
const WINDOW_MS: i64 = 60_000;

/// Makes the doors to the systems of a configuration.
pub(crate) struct Doors<'a> {
    config: &'a Config,
    store: &'a Store,
    ambient: &'a Ambient,
    holder: String,
    made: Mutex<Vec<Arc<SharedDoor>>>,
}

impl<'a> Doors<'a> {
    pub(crate) fn new(config: &'a Config, store: &'a Store, ambient: &'a Ambient) -> Self {
        let chance = ambient.entropy.draw();
        let holder = format!("{}{}#{chance:016x}", neighbourhood(), std::process::id());
        Self {
            config,
            store,
            ambient,
            holder,
            made: Mutex::default(),
        }
    }

    /// Puts the limits of `system` before `inner`.
    pub(crate) fn before(&self, system: &str, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        let (in_flight_max, calls_per_minute_max) = match system {
            "intacct" => {
                let section = &self.config.intacct;
                (section.in_flight_max, section.calls_per_minute_max)
            }
            _ => {
                let section = &self.config.fusion;
                (section.in_flight_max, section.calls_per_minute_max)
            }
        };
        let limits = Limits {
            in_flight_max: u32::try_from(in_flight_max.max(1)).unwrap_or(u32::MAX),
            pace: (calls_per_minute_max > 0).then_some(Pace {
                calls_max: calls_per_minute_max,
                window_ms: WINDOW_MS,
            }),
        };
        let waiter: Arc<dyn Waiter> = Arc::new(RealWaiter);
        let member = Membership {
            store: self.store.clone(),
            system: system.to_owned(),
            holder: self.holder.clone(),
            is_gone: Arc::new(has_ended),
            ambient: self.ambient.clone(),
            waiter,
        };
        let door = Arc::new(SharedDoor::new(inner, member, limits));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.push(Arc::clone(&door));
        door
    }

    /// All doors that were made.
    pub(crate) fn into_all(self) -> Vec<Arc<SharedDoor>> {
        self.made
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// This machine's name.
pub(crate) fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.ok().or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".to_owned())
}

/// Where process numbers mean the same: the machine, and the container on it. Ends before the number.
fn neighbourhood() -> String {
    let numbers = std::fs::read_link("/proc/self/ns/pid");
    let numbers = numbers.map_or(String::new(), |link| link.display().to_string());
    format!("{}/{numbers}/", machine())
}

/// True if a holder was a process beside this one that is no more, so that its places need not lapse first.
fn has_ended(holder: &str) -> bool {
    let number = holder
        .strip_prefix(&neighbourhood())
        .and_then(|rest| rest.split_once('#'))
        .and_then(|(number, _)| number.parse::<u32>().ok());
    let is_told = std::path::Path::new("/proc/self/ns/pid").exists();
    number
        .is_some_and(|number| is_told && !std::path::Path::new(&format!("/proc/{number}")).exists())
}

#[cfg(test)]
mod tests {
    use super::{has_ended, neighbourhood};

    #[test]
    fn only_a_process_beside_this_one_is_known_to_have_ended() {
        let own = format!("{}{}#00", neighbourhood(), std::process::id());
        assert!(!has_ended(&own));
        assert!(!has_ended("elsewhere/pid:[1]/1#00"));
        assert!(!has_ended("anything"));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let number = child.id();
        child.wait().unwrap();
        assert!(has_ended(&format!("{}{number}#00", neighbourhood())));
    }
}
