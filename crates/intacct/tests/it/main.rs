//! The client against the simulated tenant, in one process and without a socket.

mod books;
mod capture;
mod company;
mod posting;
mod trouble;
