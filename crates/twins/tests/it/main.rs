//! What the simulated systems promise, end to end.

mod books;
