//! Policies of other engines, read as pieces of settings.
//!
//! A `PodSecurityPolicy` rejects what it does not mention; the policies of all other engines admit it. So a conversion starts
//! from the [neutral policy](neutral), and each source overwrites what it restricts. Sources hold together, policies
//! within settings are alternatives: pieces are combined into one policy where that is exact, and else are registered one by
//! one, since registrations hold together as well.

mod bundle;
mod gatekeeper;
mod neutral;
mod piece;
mod reach;

use crate::error::Error;
use crate::input::Object;

pub(crate) use bundle::{Bundle, bundles};
pub(crate) use piece::{Action, Inexact, Piece};
pub(crate) use reach::{Reach, requirement, requirements};

/// An engine, or the part of one, whose policies can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Source {
    /// PodSecurityPolicies
    #[cfg_attr(feature = "cli", value(name = "psp"))]
    PodSecurityPolicy,
}

/// What became of the objects of one source.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What is demanded.
    pub(crate) pieces: Vec<Piece>,
    /// Objects that cannot be converted, and why.
    pub(crate) refused: Vec<Error>,
    /// Objects that stay as they are, and why: each a title and a reason.
    pub(crate) left_alone: Vec<(String, String)>,
}

/// What a conversion may look up besides the policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// Namespaces of a dump.
    pub(crate) namespaces: Vec<Object>,
    /// Runtime classes of a dump.
    pub(crate) runtime_classes: Vec<Object>,
}
