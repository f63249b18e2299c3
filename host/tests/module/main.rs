//! The policy as clusters run it: `policy.wasm` under the host, with the requests of an API server.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on has failed"
)]

mod authorization;

mod containers;
mod defects;
mod enforcement;
mod exemptions;
mod fields;
mod flow;
mod harness;
mod manifests;
mod originals;
mod pair;
mod profiles;
mod standards;
mod subresources;
mod surroundings;
mod troubleshooting;
mod volumes;
mod workloads;
mod worst;
