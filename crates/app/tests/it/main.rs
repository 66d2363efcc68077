//! The program as people meet it: real processes over loopback, judged from outside by figures that were computed elsewhere.

mod audit;
mod bad_input;
mod books;
mod breaks;
mod companies;
mod configuration;
mod crosswalk_changes;
mod crosswalk_life;
mod crosswalk_refusals;
mod crosswalk_rules;
mod crosswalk_simulation;
mod faults;
mod hostile;
mod http;
mod judge;
mod kill;
mod leaks;
mod newcomer;
mod people;
mod pressure;
mod program;
mod proxy;
mod scenarios;
mod secrets;
#[expect(dead_code, reason = "the tests of the store need more of it")]
#[path = "../../../store/tests/it/server.rs"]
mod server;
mod workers;
