//! The Sage Intacct twin.
