//! `policy-host serve`, through real sockets.

#![cfg(feature = "serve")]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot start its server has failed"
)]

#[path = "../common/mod.rs"]
mod common;

mod access_reviews;
mod errors;
mod harness;
mod https;
mod metrics;
mod process;
mod responses;
