//! `PodSecurityPolicy` as a Kubewarden policy.
#![cfg_attr(test, allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold"))]

pub mod admission;
pub mod answer;
mod changes;
pub mod cluster;
mod compare;
pub mod graft;
#[cfg(feature = "guest")]
mod guest;
pub mod json;
mod names;
pub mod pattern;
pub mod pod;
pub mod policy;
pub mod ranges;
pub mod request;
pub mod rule;
pub mod rules;
pub mod settings;
pub mod shape;
pub mod spec;
pub mod standards;
mod strategy;
#[cfg(test)]
mod testing;
pub mod value;
pub mod violation;
mod volume_types;
pub mod workloads;
