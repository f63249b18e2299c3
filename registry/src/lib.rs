//! A separate crate for one test, so that nothing else waits for an HTTP client: see `tests/round_trip.rs`.
