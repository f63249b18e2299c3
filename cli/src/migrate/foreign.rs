//! The registrations of other engines' policies.

use serde_json::Value;

use pod_security_policy::schema::subdomain_problem;

use super::convert::all;
use super::manifests::{Kind, pair, validating};
use super::options::Options;
use super::policies::Sorted;
use crate::error::{Error, Errors, Outcome};
use crate::import::{self, Bundle, Combined, Findings, Listed, Piece, Reach, Subject};

/// What became of other engines' policies.
pub(super) struct Foreign {
    pub(super) manifests: Vec<Value>,
    /// The pieces that are registered.
    pub(super) pieces: Vec<Piece>,
    /// Policies that are registered as a list, with grants.
    pub(super) listed: Vec<Listed>,
    pub(super) grants: Vec<Value>,
    pub(super) refused: Vec<Error>,
    /// What stays as it is: a title and a reason.
    pub(super) left_alone: Vec<(String, String)>,
}

impl Options {
    /// The registrations of other engines' policies.
    ///
    /// # Errors
    ///
    /// If a name is too long for its place.
    pub(super) fn foreign(&self, input: &Sorted) -> Outcome<Foreign> {
        let Findings { pieces, mut refused, left_alone, listed, grants } =
            import::read(&input.foreign, &input.around);
        let exempt: Vec<String> = self.exempt().map(str::to_owned).collect();
        let Combined { bundles, pieces, refused: unsayable } = import::bundles(pieces);
        refused.extend(unsayable);
        let mut names = Names { start: &self.name, taken: Vec::new() };
        if !input.policies.is_empty() {
            names.taken.push(self.name.clone());
        }
        let mut manifests = Vec::new();
        let mut errors = Vec::new();
        for mut bundle in bundles {
            let name = names.of(&bundle);
            if let Some(problem) = subdomain_problem(&format!("{name}-validating")) {
                let reason = format_args!("a registration would be called {name}-validating: {problem}");
                errors.push(Error::new(reason).help("choose a shorter start with --name"));
            }
            let selects = bundle.reach.namespace.is_none()
                && (!bundle.reach.namespaces.is_empty() || bundle.reach.subject == Subject::Namespaces);
            if selects && self.form.kind == Kind::Namespace {
                let reason = format_args!(
                    "{}: selects namespaces, and an AdmissionPolicy has its own alone",
                    bundle.names.join(", ")
                );
                errors.push(Error::new(reason).help("leave --kind AdmissionPolicy out"));
            }
            bundle.reach.pods_only = self.same_reach;
            if bundle.reach.namespace.is_none() {
                bundle.reach.not_in(&exempt);
            }
            let settings = bundle.settings();
            match bundle.writes {
                true => manifests.extend(pair(&name, &settings, &bundle.reach, &self.form)),
                false => manifests.push(validating(&name, &settings, &bundle.reach, &self.form)),
            }
        }
        if !listed.is_empty() {
            let policies: Vec<Value> = listed.iter().map(|one| one.policy.clone()).collect();
            let mut reach = Reach { workloads: true, pods_only: self.same_reach, ..Reach::default() };
            reach.not_in(&exempt);
            let name = names.free(self.name.clone());
            manifests.extend(pair(&name, &all(&policies), &reach, &self.form));
        }
        if errors.is_empty() {
            Ok(Foreign { manifests, pieces, listed, grants, refused, left_alone })
        } else {
            Err(Errors(errors))
        }
    }
}

/// The names of registrations, each different.
struct Names<'n> {
    start: &'n str,
    taken: Vec<String>,
}

impl Names<'_> {
    /// What comes from several objects has the plain name, what comes from one has that of its object as well.
    fn of(&mut self, bundle: &Bundle) -> String {
        let wanted = match &*bundle.names {
            [name] => format!("{}-{}", self.start, name.to_ascii_lowercase().replace([':', '/', '_'], "-")),
            _ => self.start.to_owned(),
        };
        self.free(wanted)
    }

    /// The name, with a number behind it if it is taken.
    fn free(&mut self, wanted: String) -> String {
        let numbered = (2..).map(|nth: u32| format!("{wanted}-{nth}"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let free = free.unwrap_or(wanted);
        self.taken.push(free.clone());
        free
    }
}
