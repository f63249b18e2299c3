//! Compares this project with the original implementations.
//!
//! The originals are run, not imitated: two Go programs in this folder run the PodSecurityPolicy admission plug-in
//! of Kubernetes 1.24 and the Pod Security Standards evaluator of the newest release behind JSON lines. This crate
//! generates the cases and compares the answers:
//!
//! - [`case`]: a case and its answer, as both sides read and write them.
//! - [`generate`]: a seed becomes cases: policies, and requests that fit them but for a few planned violations.
//! - [`oracle`]: starts one of the Go programs and streams cases through it.
//! - [`ours`]: this project's answer to the same case.
//! - [`compare`]: whether the two answers are equal.
//! - [`deviations`]: where they differ deliberately.
//! - [`laws`]: properties of our answers alone, for options that the original did not have.
//! - [`subject`]: the implementation of our side.
//! - `module`: the module, run through the host.
//! - [`standards`]: the same for the Pod Security Standards.
//! - [`campaign`]: many fresh cases, compared and counted.
//! - [`minimise`]: reduces a differing case.
//! - [`coverage`]: coverage of answered cases, as a table and as a check.
//! - [`world`]: every case of a small world, instead of a sample.
//! - [`dimensions`]: what random cases vary in, and which pairs of values never met.
//! - [`texts`]: every short text, read and edited.
//! - [`files`]: JSON lines on disk, compressed or not.

pub mod campaign;
pub mod case;
pub mod compare;
pub mod coverage;
pub mod deviations;
pub mod difference;
pub mod dimensions;
pub mod files;
pub mod generate;
pub mod laws;
pub mod minimise;
#[cfg(feature = "module")]
pub mod module;
pub mod oracle;
pub mod ours;
pub mod standards;
pub mod subject;
pub mod texts;
pub mod verdict;
pub mod world;
