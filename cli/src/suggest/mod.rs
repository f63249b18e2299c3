//! From workloads to the tightest policy that admits them.

mod evidence;
mod gathering;
mod names;
mod needs;
mod report;
mod spec;
#[cfg(test)]
mod tests;

pub use gathering::{Per, Suggestion, Workloads};
pub use spec::Strictness;
