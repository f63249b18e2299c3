//! How this project's judgement is held against that of the original implementations.
//!
//! The originals are asked, not imitated: two Go programs beside this crate run the PodSecurityPolicy admission plug-in
//! of Kubernetes 1.24 and the Pod Security Standards evaluator of the newest release behind JSON lines. This crate
//! thinks up the questions and looks at the answers:
//!
//! - [`case`]: a question and an answer, as both sides read and write them.
//! - [`generate`]: a seed becomes cases: policies, and requests that fit them but for a few planned departures.
//! - [`oracle`]: starts one of the Go programs and streams cases through it.
//! - [`ours`]: what this project answers to the same case.
//! - [`compare`]: whether the two answers are the same.
//! - [`deviations`]: where they differ on purpose.
//! - [`laws`]: what holds of our answers alone, where the original knew no such option.
//! - [`subject`]: whom to ask for our side.
//! - `module`: the module, asked through the host.
//! - [`standards`]: the same for the Pod Security Standards.
//! - [`campaign`]: many fresh cases, compared and counted.
//! - [`minimise`]: a case that differs, made small.
//! - [`coverage`]: what a set of answered cases touched, as a table and as a check.
//! - [`files`]: JSON lines on disk, compressed or not.

pub mod campaign;
pub mod case;
pub mod compare;
pub mod coverage;
pub mod deviations;
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
