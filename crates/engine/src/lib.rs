//! The decisions: pure functions from evidence to verdict, without I/O, clock or chance.

pub mod reconcile;
