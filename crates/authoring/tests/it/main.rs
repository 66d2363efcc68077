//! Versions out to sheets and back, and everything that is refused on the way.

mod bombs;
mod cells;
mod diff_explain;
mod refused;
mod report;
mod round_trip;
mod samples;
