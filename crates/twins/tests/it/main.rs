//! What the simulated systems promise, end to end.

mod books;
mod desk;
mod gateway;
mod port;
mod reads;
mod writes;
