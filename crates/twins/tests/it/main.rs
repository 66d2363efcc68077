//! What the simulated systems promise, end to end.

mod books;
mod desk;
mod envelope;
mod gateway;
mod port;
mod reads;
mod strict_writes;
mod writes;
