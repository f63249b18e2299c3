//! PodSecurityPolicies outside of a cluster, with the engine of the policy: checks, explanations, migrations and
//! suggestions, as data and texts.
//!
//! Data flows in one direction: [`input`] reads objects with their lines, [`policies`] and [`rbac`] provide policies and
//! grants, [`judge`] runs the engine, and [`check`], [`prove`], [`explain`], [`migrate`] and [`suggest`] say what comes of it.
//! Nothing here prints, exits, or asks for more than it is given; `cluster` alone (a feature) uses the network.
//!
//! ```
//! use kubectl_psp::check::{Checked, check};
//! use kubectl_psp::input::{Text, Unwatched};
//! use kubectl_psp::judge::{Requester, Verdict};
//! use kubectl_psp::policies::{Modules, of_objects};
//! use kubectl_psp::{rbac::Authority, report::Summary};
//!
//! let baseline = "baseline:v1.37".parse().unwrap();
//! let policies = of_objects(&[], &[baseline], &Modules::default(), Authority::Everybody).unwrap();
//! let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
//!
//! let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true, containers: []}\n";
//! let mut verdicts = Vec::new();
//! let unread = Text::new("pod.yaml", text.to_owned()).read(&Unwatched, &mut |object| {
//!     if let Checked::Judged(judged) = check(&object, &policies, &requester, &mut Summary::default()) {
//!         verdicts.push(judged.verdict);
//!     }
//!     Ok(())
//! });
//! assert!(unread.is_empty());
//! assert_eq!(verdicts, [Verdict::Rejected]);
//! ```
#![cfg_attr(test, allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold"))]

pub mod check;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod error;
pub mod explain;
mod hash;
pub mod import;
pub mod input;
pub mod judge;
pub mod lint;
pub mod migrate;
mod patch;
pub mod policies;
pub mod prove;
pub mod rbac;
mod remedy;
pub mod report;
pub mod suggest;
pub mod suite;
pub mod target;
mod unified;

#[cfg(test)]
mod tests;
