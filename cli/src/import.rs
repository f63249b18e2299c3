//! Policies of other engines, read as pieces of settings.
//!
//! A `PodSecurityPolicy` rejects what it does not mention; the policies of all other engines admit it. So a conversion starts
//! from the [neutral policy](neutral), and each source overwrites what it restricts. Sources hold together, policies
//! within settings are alternatives: pieces are combined into one policy where that is exact, and else are registered one by
//! one, since registrations hold together as well.
//!
//! ```
//! use kubectl_psp::import::Source;
//! use kubectl_psp::input::Text;
//! use kubectl_psp::migrate::sorted;
//!
//! let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: no-root}\nspec: {rules: []}\n";
//! let objects = Text::new("kyverno.yaml", policy.to_owned()).read_all().unwrap();
//!
//! assert!(sorted(objects.clone(), &[]).is_ok());
//! // `--from scc` leaves it alone, and then nothing is left to convert.
//! assert!(sorted(objects, &[Source::OpenShift]).is_err());
//! ```

mod admission;
mod bundle;
mod gatekeeper;
mod kubewarden;
mod kyverno;
mod neutral;
mod openshift;
mod piece;
mod reach;
#[cfg(test)]
mod testing;

use serde_json::Value;

use crate::error::Error;
use crate::input::Object;

pub(crate) use admission::labels;
pub(crate) use bundle::{Bundle, Combined, bundles};
pub(crate) use piece::{Inexact, Piece};
pub(crate) use reach::{Reach, Subject, requirement};

/// An engine, or the part of one, whose policies can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Source {
    /// PodSecurityPolicies
    #[cfg_attr(feature = "cli", value(name = "psp"))]
    PodSecurityPolicy,
    /// Kubewarden's policies for pod security, one a field
    Kubewarden,
    /// Constraints and mutators of Gatekeeper's library
    Gatekeeper,
    /// Policies and exceptions of Kyverno
    Kyverno,
    /// The configuration of Pod Security admission, and labels of namespaces
    #[cfg_attr(feature = "cli", value(name = "psa"))]
    PodSecurityAdmission,
    /// SecurityContextConstraints of OpenShift
    #[cfg_attr(feature = "cli", value(name = "scc"))]
    OpenShift,
}

impl Source {
    /// All sources but PodSecurityPolicies, which are settings already.
    const FOREIGN: [Source; 5] = [
        Source::Kubewarden,
        Source::Gatekeeper,
        Source::Kyverno,
        Source::PodSecurityAdmission,
        Source::OpenShift,
    ];

    /// The source of an object, if it is another engine's.
    pub(crate) fn of(object: &Object) -> Option<Source> {
        Source::FOREIGN.into_iter().find(|source| source.recognizes(object))
    }

    fn recognizes(self, object: &Object) -> bool {
        match self {
            Source::PodSecurityPolicy => object.kind == "PodSecurityPolicy",
            Source::Kubewarden => kubewarden::recognizes(object),
            Source::Gatekeeper => gatekeeper::recognizes(object),
            Source::Kyverno => kyverno::recognizes(object),
            Source::PodSecurityAdmission => admission::recognizes(object),
            Source::OpenShift => openshift::recognizes(object),
        }
    }

    fn read(self, objects: &[Object], around: &Surroundings) -> Findings {
        match self {
            Source::PodSecurityPolicy => Findings::default(),
            Source::Kubewarden => kubewarden::read(objects, around),
            Source::Gatekeeper => gatekeeper::read(objects, around),
            Source::Kyverno => kyverno::read(objects, around),
            Source::PodSecurityAdmission => admission::read(objects, around),
            Source::OpenShift => openshift::read(objects, around),
        }
    }
}

/// Reads the objects of all sources.
pub(crate) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut all = Findings::default();
    for source in Source::FOREIGN {
        let own: Vec<Object> = objects.iter().filter(|object| source.recognizes(object)).cloned().collect();
        if own.is_empty() {
            continue;
        }
        let findings = source.read(&own, around);
        all.pieces.extend(findings.pieces);
        all.refused.extend(findings.refused);
        all.left_alone.extend(findings.left_alone);
        all.listed.extend(findings.listed);
        all.grants.extend(findings.grants);
    }
    all
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
    /// PodSecurityPolicies of one list, of which pods must satisfy one that they are granted.
    pub(crate) listed: Vec<Listed>,
    /// Roles and bindings that grant these.
    pub(crate) grants: Vec<Value>,
}

/// A `PodSecurityPolicy` that another engine's policy becomes.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The object that it comes from.
    pub(crate) title: String,
    pub(crate) policy: Value,
    /// What it does differently.
    pub(crate) inexact: Vec<Inexact>,
}

/// What a conversion may look up besides the policies.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Namespaces of a dump.
    pub(crate) namespaces: Vec<Object>,
    /// Runtime classes of a dump.
    pub(crate) runtime_classes: Vec<Object>,
    /// Roles and bindings.
    pub rbac: Vec<Object>,
}

impl Surroundings {
    /// Keeps a namespace or a runtime class; a dump has many objects of other kinds.
    pub fn keep(&mut self, object: &Object) {
        match (object.group(), &*object.kind) {
            ("", "Namespace") => self.namespaces.push(object.clone()),
            ("node.k8s.io", "RuntimeClass") => self.runtime_classes.push(object.clone()),
            _ => {}
        }
    }
}
