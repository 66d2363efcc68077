//! Stub while the house is being raised.
