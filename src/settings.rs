//! The settings: PodSecurityPolicies in one of three shapes, and the options beside them.

use crate::contradictions::{self, Enforced};
use crate::enforcement;
use crate::exemptions::{self, Exemption};
use crate::json::{Quoted, Reader, Text};
use crate::names::subdomain_problem;
use crate::namespaces::{self, Labels};
use crate::persistent_volumes::{self, OnVolumes};
use crate::pod_security::{self, Modes};
use crate::policy::Policy;
use crate::prose::prose;
use crate::rules;
use crate::shape::{Field, Path, Problem, Problems, Shape, check_object, same_name};
use crate::spec::{Model, Said, Spec};
use crate::value::{Tree, Value};
use crate::violation::Leniency;
use crate::workloads::{Workload, built_in, parse_path};

/// Settings that are ready to judge: what is wrong with settings is told when they are parsed.
#[derive(Debug)]
pub struct Settings<'s> {
    /// The policies, sorted by name.
    pub policies: Vec<Policy<'s>>,
    /// Whether the policies came as a list, so that the one that admits a pod is written on it.
    pub listed: bool,
    /// Which policies count for whom.
    pub authorization: Authorization,
    /// Whether defaults are written into pods.
    pub mutate: bool,
    /// What a workload whose pods would be rejected gets.
    pub workloads: OnWorkloads,
    /// Kinds beside Kubernetes' own that carry pod templates.
    pub pod_templates: Vec<Workload<'s>>,
    /// The Pod Security Standards that are held up beside the policies.
    pub standards: Modes,
    /// What objections do that do not deny.
    pub leniency: Leniency,
    /// Who need not keep which rules.
    pub exemptions: Vec<Exemption<'s>>,
    /// The labels of namespaces that are filled in and defended.
    pub namespace_labels: Vec<Labels>,
    /// What volumes of the cluster get that no policy allows.
    pub persistent_volumes: OnVolumes,
}

/// Which policies count for a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Those that its service account or the requesting user may `use`.
    Rbac,
    /// All.
    None,
}

/// What a workload whose pods would be rejected gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnWorkloads {
    /// Rejected.
    Deny,
    /// Accepted, with warnings.
    Warn,
    /// Accepted; nobody looks.
    Ignore,
}

/// The options that stand beside the policies, whatever the shape.
pub const OPTIONS: &[Field] = &[
    Field {
        name: "authorization",
        shape: Shape::OneOf(&["RBAC", "None"]),
        doc: prose(
            "Which policies count: with `RBAC` those that the pod's service account or the requesting user may `use`, with `None` all. Required with several policies.",
        ),
    },
    Field {
        name: "mutate",
        shape: Shape::Flag,
        doc: prose("Whether defaults are written into pods (`true`), or only demanded."),
    },
    Field {
        name: "workloads",
        shape: Shape::OneOf(&["Deny", "Warn", "Ignore"]),
        doc: prose("What a workload gets whose pods would be rejected."),
    },
    Field {
        name: "podTemplates",
        shape: Shape::List(&Shape::Object(&[
            Field {
                name: "apiGroup",
                shape: Shape::Text,
                doc: prose("The API group of the kind; empty for the core one."),
            },
            Field { name: "kind", shape: Shape::Text, doc: prose("The kind.") },
            Field {
                name: "path",
                shape: Shape::Text,
                doc: prose("The way to the template, such as `spec.template`; `[*]` steps through a list."),
            },
        ])),
        doc: prose("Further kinds that carry pod templates."),
    },
    pod_security::FIELD,
    enforcement::FIELD,
    exemptions::FIELD,
    namespaces::FIELD,
    persistent_volumes::FIELD,
];

/// The keys of a PodSecurityPolicy object.
const MANIFEST: &[Field] = &[
    Field {
        name: "apiVersion",
        shape: Shape::OneOf(&["policy/v1beta1", "extensions/v1beta1"]),
        doc: prose("The version."),
    },
    Field { name: "kind", shape: Shape::OneOf(&["PodSecurityPolicy"]), doc: prose("The kind.") },
    Field {
        name: "metadata",
        shape: Shape::Map(&Shape::Any),
        doc: prose("Of which the name and the annotations count."),
    },
    Field { name: "spec", shape: Shape::Any, doc: prose("The policy.") },
];

const NOTHING: &str = "settings hold no policy and no standard; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, or a level under `podSecurityStandards`";

/// The name of a policy that has none.
const DEFAULT_NAME: &str = "default";

impl<'s> Settings<'s> {
    /// Reads settings, and also finds the policies that contradict the standard beside them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its path.
    pub fn parse(text: &'s str) -> Result<Self, Problems> {
        let tree = match Reader::document::<Tree<'_>>(text) {
            Ok(tree) => tree,
            Err(fault) => {
                return Err(Problems(vec![Problem { path: String::new(), reason: fault.to_string() }]));
            }
        };
        let settings = Settings::load(tree.root())?;
        let mut problems = Problems::default();
        if let Some(standard) = settings.standards.enforce {
            let Settings { leniency, exemptions, .. } = &settings;
            contradictions::check(tree.root(), &Enforced { standard, leniency, exemptions }, &mut problems);
        }
        if problems.0.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// Loads settings that have been read. Every request does: what a policy and a standard make impossible together is
    /// left to [`Settings::parse`], since it lets nothing through.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its path.
    pub fn load(root: Value<'_, 's>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        if !root.is_object() {
            problems.add("", format_args!("settings must be an object, not {}", root.describe()));
            return Err(problems);
        }
        let (policies, listed) = load_policies(root, &mut problems);
        let settings = Settings {
            authorization: authorization(root, policies.len(), &mut problems),
            mutate: root.get("mutate").and_then(Value::flag).unwrap_or(true),
            workloads: match root.get("workloads").and_then(Value::text).as_deref() {
                Some("Warn") => OnWorkloads::Warn,
                Some("Ignore") => OnWorkloads::Ignore,
                _ => OnWorkloads::Deny,
            },
            pod_templates: pod_templates(root, &mut problems),
            standards: pod_security::load(root, &mut problems),
            leniency: enforcement::load(root, &mut problems),
            exemptions: exemptions::load(root, &mut problems),
            namespace_labels: namespaces::load(root, &mut problems),
            persistent_volumes: persistent_volumes::load(root, &policies, &mut problems),
            policies: by_name(policies),
            listed,
        };
        if settings.policies.is_empty() && settings.standards.is_none() && problems.0.is_empty() {
            problems.add("", NOTHING);
        }
        if problems.0.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// The policies' names, quoted and joined.
    pub fn names(&self) -> String {
        crate::answer::quoted_names(self.policies.iter().map(|policy| &policy.name))
    }
}

/// The policies in the order of their names. They are few, and the sort of the standard library is 5 KB of code.
fn by_name(policies: Vec<Policy<'_>>) -> Vec<Policy<'_>> {
    let mut sorted: Vec<Policy<'_>> = Vec::with_capacity(policies.len());
    for policy in policies {
        let place = sorted.partition_point(|earlier| earlier.name <= policy.name);
        sorted.insert(place, policy);
    }
    sorted
}

/// The number of an option among all keys of settings, behind the rules', and its shape.
fn option(key: &str) -> Option<(usize, Shape)> {
    numbered(OPTIONS, key).map(|(number, shape)| (rules::COUNT + number, shape))
}

fn numbered(fields: &[Field], key: &str) -> Option<(usize, Shape)> {
    let (number, field) = fields.iter().enumerate().find(|(_, field)| same_name(field.name, key))?;
    Some((number, field.shape))
}

/// Tells the shape of the settings and loads the policies; the flag says whether they came as a list.
fn load_policies<'s>(root: Value<'_, 's>, problems: &mut Problems) -> (Vec<Policy<'s>>, bool) {
    let has = |key: &str| root.entries().any(|(name, _)| name == key);
    let beside_options = rules::COUNT + OPTIONS.len();
    if has("policies") {
        let find = |key: &str| match key {
            // Each is checked key by key when it is loaded.
            "policies" => Some((beside_options, Shape::List(&Shape::Any))),
            key => option(key),
        };
        check_object(root, &Path::Root, problems, find, &names_of(OPTIONS).chain(["policies"]), |_, _| true);
        return (load_list(root, problems), true);
    }
    if ["apiVersion", "kind", "metadata", "spec"].into_iter().any(has) {
        let known = names_of(MANIFEST).chain(names_of(OPTIONS));
        let find = |key: &str| manifest_field(key).or_else(|| option(key));
        check_object(root, &Path::Root, problems, find, &known, |_, _| true);
        for key in ["apiVersion", "kind"].into_iter().filter(|key| root.get(key).is_none()) {
            problems
                .add(key, "Required value: a whole PodSecurityPolicy is one with `apiVersion` and `kind`");
        }
        return (
            load_manifest(root, &Path::Root, None, problems).map(|(policy, _)| policy).into_iter().collect(),
            false,
        );
    }
    let only_options = root.entries().all(|(key, _)| option(&key).is_some());
    if only_options {
        check_object(root, &Path::Root, problems, option, &names_of(OPTIONS), |_, _| true);
        return (Vec::new(), false);
    }
    let find = |key: &str| match key {
        "annotations" => Some((beside_options, Shape::Map(&Shape::Text))),
        key => spec_field(key).or_else(|| option(key)),
    };
    let known = spec_names().chain(names_of(OPTIONS)).chain(["annotations"]);
    let mut said = Said::new(root.get("annotations").unwrap_or_default(), None);
    check_object(root, &Path::Root, problems, find, &known, |number, value| said.keep(number, value, None));
    let mut spec = Spec {
        said: &said,
        rule: None,
        volume_types: None,
        at: Path::Root,
        annotations_at: Path::Key(&Path::Root, "annotations"),
        problems,
    };
    (vec![Policy::load(DEFAULT_NAME.into(), &mut spec, None)], false)
}

fn load_list<'s>(root: Value<'_, 's>, problems: &mut Problems) -> Vec<Policy<'s>> {
    let list = root.get("policies").unwrap_or_default().elements();
    let mut policies: Vec<Policy<'s>> = Vec::with_capacity(list.clone().count());
    if policies.capacity() == 0 {
        problems.add("policies", "must list at least one policy");
    }
    let at = Path::Key(&Path::Root, "policies");
    let mut model = None;
    for (index, manifest) in list.enumerate() {
        let at = Path::Index(&at, index);
        if !check_object(manifest, &at, problems, manifest_field, &names_of(MANIFEST), |_, _| true) {
            continue;
        }
        let told = problems.0.len();
        let earlier = model.as_ref().zip(policies.last()).map(|(said, policy)| Model { policy, said });
        let Some((policy, said)) = load_manifest(manifest, &at, earlier.as_ref(), problems) else { continue };
        model = Some(said).filter(|_| problems.0.len() == told);
        if policies.iter().any(|earlier| earlier.name == policy.name && !policy.name.is_empty()) {
            let name = Quoted(&policy.name);
            problems.add(format_args!("{at}.metadata.name"), format_args!("Duplicate value: {name}"));
        }
        policies.push(policy);
    }
    policies
}

/// Loads a PodSecurityPolicy object, whose keys and types have been checked down to `spec`.
fn load_manifest<'v, 's>(
    manifest: Value<'v, 's>,
    at: &Path<'_>,
    model: Option<&Model<'_, 'v, 's>>,
    problems: &mut Problems,
) -> Option<(Policy<'s>, Said<'v, 's>)> {
    let metadata_at = Path::Key(at, "metadata");
    let metadata = manifest.get("metadata").unwrap_or_default();
    for (key, shape) in [("name", Shape::Text), ("annotations", Shape::Map(&Shape::Text))] {
        shape.check(metadata.get(key).unwrap_or_default(), &Path::Key(&metadata_at, key), problems);
    }
    let name = metadata.get("name").and_then(Value::text).unwrap_or_default();
    let name_at = Path::Key(&metadata_at, "name");
    if name.is_empty() {
        problems.add(name_at, "Required value: a policy is known by its name");
    } else if let Some(problem) = subdomain_problem(&name) {
        problems.add(name_at, format_args!("Invalid value: {}: {problem}", Quoted(&name)));
    }
    let spec_at = Path::Key(at, "spec");
    let Some(spec) = manifest.get("spec") else {
        problems.add(spec_at, "Required value: the policy itself");
        return None;
    };
    let mut said = Said::new(metadata.get("annotations").unwrap_or_default(), model);
    let keep = |number, value| said.keep(number, value, model);
    check_object(spec, &spec_at, problems, spec_field, &spec_names(), keep);
    let mut spec = Spec {
        said: &said,
        rule: None,
        volume_types: None,
        at: spec_at,
        annotations_at: Path::Key(&metadata_at, "annotations"),
        problems,
    };
    let policy = Policy::load(name, &mut spec, model);
    Some((policy, said))
}

fn manifest_field(key: &str) -> Option<(usize, Shape)> {
    numbered(MANIFEST, key)
}

fn spec_field(key: &str) -> Option<(usize, Shape)> {
    let (index, entry) = rules::all().find(|(_, entry)| same_name(entry.id, key))?;
    Some((index, entry.shape?))
}

fn spec_names() -> impl Iterator<Item = &'static str> + Clone {
    rules::all().filter(|(_, entry)| entry.shape.is_some()).map(|(_, entry)| entry.id)
}

fn names_of(fields: &'static [Field]) -> impl Iterator<Item = &'static str> + Clone {
    fields.iter().map(|field| field.name)
}

fn authorization(root: Value<'_, '_>, policies: usize, problems: &mut Problems) -> Authorization {
    match root.get("authorization").and_then(Value::text).as_deref() {
        Some("RBAC") => Authorization::Rbac,
        None if policies > 1 && root.get("authorization").is_none() => {
            problems.add(
                "authorization",
                "Required value: with several policies, say whether `RBAC` decides who may use which, or `None` lets any pod use any",
            );
            Authorization::Rbac
        }
        _ => Authorization::None,
    }
}

fn pod_templates<'s>(root: Value<'_, 's>, problems: &mut Problems) -> Vec<Workload<'s>> {
    let list = root.get("podTemplates").unwrap_or_default().elements();
    let mut kinds: Vec<Workload<'s>> = Vec::new();
    for (index, element) in list.enumerate() {
        let at = format!("podTemplates[{index}]");
        let text = |key| element.get(key).and_then(Value::text).unwrap_or_default();
        let (group, kind, path): (Text<'s>, Text<'s>, Text<'s>) =
            (text("apiGroup"), text("kind"), text("path"));
        if kind.is_empty() {
            problems.add(format_args!("{at}.kind"), "Required value: the kind that carries the template");
        }
        let Some(path) = parse_path(&path) else {
            let reason =
                "must be keys joined by `.`, such as `spec.template`, where `[*]` steps through a list";
            problems
                .add(format_args!("{at}.path"), format_args!("Invalid value: {}: {reason}", Quoted(&path)));
            continue;
        };
        let workload = Workload { group, kind, path };
        let known = crate::request::Kind { group: workload.group.clone(), kind: workload.kind.clone() };
        if built_in(&known).is_some() || (known.group.is_empty() && known.kind == "Pod") {
            problems.add(format_args!("{at}.kind"), "is judged already");
        }
        kinds.push(workload);
    }
    kinds
}

#[cfg(test)]
mod tests;
