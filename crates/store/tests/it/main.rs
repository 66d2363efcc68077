//! The store as its callers see it.

mod commit;
mod crash;
mod lease;
mod opening;
mod random;
mod reading;
mod tampering;
mod world;
