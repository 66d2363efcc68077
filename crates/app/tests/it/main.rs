//! The program as people meet it: real processes over loopback, judged from outside by figures that were computed elsewhere.

mod bad_input;
mod breaks;
mod companies;
mod configuration;
mod faults;
mod hostile;
mod http;
mod judge;
mod kill;
mod newcomer;
mod people;
mod pressure;
mod program;
mod scenarios;
mod secrets;
