//! The program as people meet it: real processes over loopback, judged from outside by figures that were computed elsewhere.

mod bad_input;
mod companies;
mod configuration;
mod faults;
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
