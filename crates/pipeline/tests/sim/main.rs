//! The real pipeline, store and clients against both simulated tenants, in one process and on virtual time.
//!
//! Time moves only when somebody waits; nothing runs beside the test; the store is called inline. So one seed is one world, to the byte.

mod cadence;
mod company;
mod faults;
mod file_import;
mod golden;
mod kill_points;
mod killed_anywhere;
mod limits;
mod mapping;
mod people;
mod reconciliation;
mod restored;
#[path = "../../../store/tests/it/server.rs"]
#[expect(dead_code, reason = "the store's tests need more of it")]
mod server;
mod several;
mod successors;
#[allow(dead_code, reason = "the simulator's own program uses the rest")]
mod swarm;
mod unknown_outcome;
mod world;
mod worlds;
