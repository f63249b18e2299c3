//! From workloads to the tightest policy that admits them.
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::report::Look;
//! use kubectl_psp::suggest::{Per, Strictness, Workloads};
//!
//! let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: web}\nspec: {hostPID: true, containers: [{name: web, image: web}]}\n";
//! let pod = Text::new("pod.yaml", pod.to_owned()).read_all().unwrap().remove(0);
//! let mut workloads = Workloads::new(Per::All, "shop");
//! assert_eq!(workloads.add(&pod).unwrap(), 1);
//!
//! let suggestion = workloads.suggest(Strictness::FilledIn, Look::new(None, false)).remove(0);
//! assert_eq!(suggestion.manifest["spec"]["hostPID"], true);
//! assert_eq!(suggestion.manifest["spec"]["hostNetwork"], false);
//! ```

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
