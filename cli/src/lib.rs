//! PodSecurityPolicies outside of a cluster, with the engine of the policy: checks, explanations, migrations and
//! suggestions, as data and texts.
//!
//! Data flows in one direction: [`input`] reads objects with their lines, [`policies`] and [`rbac`] provide policies and
//! grants, [`judge`] runs the engine, and [`check`], [`explain`], [`migrate`] and [`suggest`] say what comes of it.
//! Nothing here prints, exits, or asks for more than it is given.
#![cfg_attr(test, allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold"))]

pub mod check;
pub mod error;
pub mod explain;
pub mod input;
pub mod judge;
pub mod migrate;
mod patch;
pub mod policies;
pub mod rbac;
mod remedy;
pub mod report;
pub mod suggest;

#[cfg(test)]
mod tests;
