//! PodSecurityPolicies on the command line.

mod error;
mod input;

fn main() {}
