//! The settings: PodSecurityPolicies in one of three shapes, and the options.
//!
//! ```
//! use pod_security_policy::settings::Settings;
//!
//! let problems = Settings::parse(r#"{"privilegd": true, "podSecurityStandards": {"enforce": "baseline"}}"#).unwrap_err();
//! assert!(problems.to_string().starts_with("privilegd: unknown field; did you mean \"privileged\"?"));
//! ```

use crate::json::{Quoted, Reader, Tree, Value, joined};
use crate::pod::Kind;
use crate::pod::template::{Workload, built_in, parse_path};
use crate::policy::Policy;
use crate::rule::{Action, Enforcement};
use crate::schema::{Field, Problems, Shape};
use crate::standards as checks;
use crate::standards::Standard;

mod conflicts;
pub(crate) mod enforcement;
pub(crate) mod exemptions;
pub(crate) mod kubernetes_version;
pub(crate) mod namespace_labels;
pub(crate) mod persistent_volumes;
mod policies;
pub(crate) mod resource_claims;
pub(crate) mod rule_names;
pub(crate) mod standards;
pub(crate) mod unknown_fields;

pub use exemptions::Exemption;
pub use namespace_labels::{MODES, NamespaceLabels};
pub use policies::Form;
use policies::{Options, by_name, load_policies};
pub use standards::Modes;
pub use unknown_fields::UnknownFields;

/// Settings that are ready for evaluation: their errors are reported when they are parsed.
#[derive(Debug)]
pub struct Settings<'s> {
    /// The policies, sorted by name.
    pub policies: Vec<Policy<'s>>,
    /// Whether the policies came as a list, so that the one that admits a pod is written on it.
    pub listed: bool,
    /// Which policies may be used by whom.
    pub authorization: Authorization,
    /// Whether defaults are written into pods.
    pub mutate: bool,
    /// The action for a workload whose pods would be rejected: `Deny`, `Warn`, or `Ignore` for no review.
    pub workloads: Action,
    /// Custom kinds that carry pod templates, in addition to those of Kubernetes.
    pub pod_templates: Vec<Workload<'s>>,
    /// The Pod Security Standards that are evaluated in addition to the policies.
    pub standards: Modes,
    /// The actions of violations.
    pub enforcement: Enforcement,
    /// Who is exempt from which rules.
    pub exemptions: Vec<Exemption<'s>>,
    /// The labels of namespaces that are set by default and guarded.
    pub namespace_labels: NamespaceLabels<'s>,
    /// The action for a volume of the cluster that no policy allows: `Deny`, `Warn`, or `Ignore` for no review. `None` if
    /// it is not given.
    pub persistent_volumes: Option<Action>,
    /// The same for claims for devices with administrative access.
    pub resource_claims: Option<Action>,
    /// The action for fields of pods that are not known; `None` if they are ignored.
    pub unknown_fields: Option<UnknownFields<'s>>,
    /// The minor version of Kubernetes whose lists hold.
    pub minor: u64,
}

/// Which policies may be used for a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Those that its service account or the requesting user may `use`.
    Rbac,
    /// All.
    None,
}

/// The options, which may be set with any shape of the policies.
pub const OPTIONS: &[Field] = &[
    Field::new(
        "authorization",
        Shape::OneOf(&["RBAC", "None"]),
        "Which policies count: with `RBAC` those that the pod's service account or the requesting user may `use`, with `None` all. Required with several policies.",
    ),
    Field::new("mutate", Shape::Flag, "Whether defaults are written into pods (`true`), or only demanded."),
    Field::new(
        "workloads",
        Shape::OneOf(&["Deny", "Warn", "Ignore"]),
        "Action for workloads whose pods would be rejected.",
    ),
    Field::new(
        "podTemplates",
        Shape::List(&Shape::Object(&[
            Field::new("apiGroup", Shape::Text, "The API group of the kind; empty for the core one."),
            Field::new("kind", Shape::Text, "The kind."),
            Field::new(
                "path",
                Shape::Text,
                "The path of the template, such as `spec.template`; `[*]` steps through a list or the values of a map.",
            ),
        ])),
        "Further kinds that carry pod templates.",
    ),
    standards::FIELD,
    enforcement::FIELD,
    exemptions::FIELD,
    namespace_labels::FIELD,
    persistent_volumes::FIELD,
    resource_claims::FIELD,
    unknown_fields::FIELD,
    kubernetes_version::FIELD,
];

const NOTHING: &str = "settings hold no policy, no standard and no labels of namespaces; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, a level under `podSecurityStandards`, or `namespaceLabels`";

impl<'s> Settings<'s> {
    /// Reads settings, and also finds the policies that contradict the enforced standard.
    ///
    /// # Errors
    ///
    /// All errors in them, each with its path.
    pub fn parse(text: &'s str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let tree = match Reader::document::<Tree<'_>>(text) {
            Ok(tree) => tree,
            Err(error) => {
                problems.add("", error);
                return Err(problems);
            }
        };
        let settings = Settings::load(tree.root())?;
        if let Some(standard) = settings.standards.enforce {
            conflicts::check(tree.root(), standard, &settings, &mut problems);
        }
        if problems.0.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// Loads settings that have been read. Every request does: conflicts between a policy and a standard are left to
    /// [`Settings::parse`], since they let nothing through.
    ///
    /// # Errors
    ///
    /// All errors in them, each with its path.
    pub fn load(root: Value<'_, 's>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        if !root.is_object() {
            problems.add("", format_args!("settings must be an object, not {}", root.describe()));
            return Err(problems);
        }
        // Policies are read by it.
        let minor = kubernetes_version::load(root.get(kubernetes_version::FIELD.name), &mut problems);
        let mut options = Options::default();
        let (policies, listed) = load_policies(root, minor, &mut options, &mut problems);
        let options = &options;
        let mut settings = Settings {
            authorization: authorization(options, policies.len(), &mut problems),
            mutate: options.get("mutate").and_then(Value::flag).unwrap_or(true),
            workloads: enforcement::action(options.get("workloads")).unwrap_or_default(),
            pod_templates: pod_templates(options, &mut problems),
            standards: standards::load(options.get(standards::FIELD.name), minor, &mut problems),
            enforcement: enforcement::load(options.get(enforcement::FIELD.name), &mut problems),
            exemptions: exemptions::load(options.get(exemptions::FIELD.name), &mut problems),
            namespace_labels: namespace_labels::load(
                options.get(namespace_labels::FIELD.name),
                minor,
                &mut problems,
            ),
            persistent_volumes: persistent_volumes::load(
                options.get(persistent_volumes::FIELD.name),
                &persistent_volumes::FIELD,
                "volume",
                &policies,
                &mut problems,
            ),
            resource_claims: persistent_volumes::load(
                options.get(resource_claims::FIELD.name),
                &resource_claims::FIELD,
                "claim",
                &policies,
                &mut problems,
            ),
            unknown_fields: unknown_fields::load(options.get(unknown_fields::FIELD.name), &mut problems),
            minor,
            policies: by_name(policies),
            listed,
        };
        let non_root = settings.standard_that_denies(checks::NON_ROOT);
        settings.policies.iter_mut().for_each(|policy| policy.non_root = non_root);
        let is_empty = !settings.judges_pods() && settings.namespace_labels.is_empty();
        if is_empty && problems.0.is_empty() {
            problems.add("", NOTHING);
        }
        if problems.0.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// Whether there are policies or standards for pods. The options for other kinds can stand alone.
    pub fn judges_pods(&self) -> bool {
        !self.policies.is_empty() || !self.standards.is_none()
    }

    /// The enforced standard, if a pod that fails this check of it is denied.
    fn standard_that_denies(&self, check: &str) -> Option<Standard> {
        let standard = self.standards.enforce?;
        let denies = self.enforcement.action(checks::index(check)?) == Action::Deny;
        denies.then_some(standard)
    }

    /// The policies' names, quoted and joined.
    pub fn names(&self) -> String {
        joined(self.policies.iter().map(|policy| Quoted(&policy.name)), ", ")
    }
}

fn authorization(options: &Options<'_, '_>, policies: usize, problems: &mut Problems) -> Authorization {
    match options.get("authorization").and_then(Value::text).as_deref() {
        Some("RBAC") => Authorization::Rbac,
        None if policies > 1 && options.get("authorization").is_none() => {
            problems.add(
                "authorization",
                "Required value: with several policies, say whether `RBAC` decides who may use which, or `None` lets any pod use any",
            );
            Authorization::Rbac
        }
        _ => Authorization::None,
    }
}

fn pod_templates<'s>(options: &Options<'_, 's>, problems: &mut Problems) -> Vec<Workload<'s>> {
    let list = options.get("podTemplates").unwrap_or_default().elements();
    let mut kinds: Vec<Workload<'s>> = Vec::new();
    for (index, element) in list.enumerate() {
        let at = format!("podTemplates[{index}]");
        let text = |key| element.get(key).and_then(Value::text).unwrap_or_default();
        let (kind, path) = (Kind { group: text("apiGroup"), kind: text("kind") }, text("path"));
        if kind.kind.is_empty() {
            problems.add(format_args!("{at}.kind"), "Required value: the kind that carries the template");
        }
        let Some(path) = parse_path(&path) else {
            let reason = "must be keys joined by `.`, such as `spec.template`, where `[*]` steps through a list or a map";
            problems.invalid(format_args!("{at}.path"), &path, reason);
            continue;
        };
        if built_in(&kind).is_some() || kind.is_pod() {
            problems.add(format_args!("{at}.kind"), "is judged already");
        }
        kinds.push(Workload { kind, path });
    }
    kinds
}

#[cfg(test)]
mod tests;
