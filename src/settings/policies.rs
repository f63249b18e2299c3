//! The policies in settings: one bare spec, one manifest, or a list of manifests.

use super::OPTIONS;
use crate::json::{Quoted, Text, Value, same_name};
use crate::policy::{Policy, PreviousPolicy, SpecFields};
use crate::rule::spec::Spec;
use crate::rules;
use crate::schema::names::subdomain_problem;
use crate::schema::{self, Field, Path, Problems, Shape, check_object, numbered};

/// The keys of a PodSecurityPolicy object.
const MANIFEST: &[Field] = &[
    Field::new("apiVersion", Shape::OneOf(&["policy/v1beta1", "extensions/v1beta1"]), "The version."),
    Field::new("kind", Shape::OneOf(&["PodSecurityPolicy"]), "The kind."),
    Field::new("metadata", Shape::Map(&Shape::Any), "Of which the name and the annotations count."),
    Field::new("spec", Shape::Any, "The policy."),
];

/// The name of a policy that has none.
const DEFAULT_NAME: &str = "default";

/// The policies in the order of their names. They are few, and the sort of the standard library is 5 KB of code.
pub(super) fn by_name(policies: Vec<Policy<'_>>) -> Vec<Policy<'_>> {
    let mut sorted: Vec<Policy<'_>> = Vec::with_capacity(policies.len());
    for policy in policies {
        let place = sorted.partition_point(|earlier| earlier.name <= policy.name);
        sorted.insert(place, policy);
    }
    sorted
}

/// The options as they are written, by their number in [`OPTIONS`]; `null` where one is left out.
#[derive(Default)]
pub(super) struct Options<'v, 's>([Value<'v, 's>; OPTIONS.len()]);

impl<'v, 's> Options<'v, 's> {
    /// Keeps the option with this number behind the rules'; its shape is yet to be checked.
    fn keep(&mut self, number: usize, value: Value<'v, 's>) -> bool {
        if let Some(option) = number.checked_sub(rules::COUNT).and_then(|number| self.0.get_mut(number)) {
            *option = value;
        }
        true
    }

    /// An option; `None` if it is left out or `null`.
    pub(super) fn get(&self, name: &str) -> Option<Value<'v, 's>> {
        let (number, _) = numbered(OPTIONS, name)?;
        self.0.get(number).copied().filter(|value| !value.is_null())
    }
}

/// How settings hold their policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Manifests under `policies`.
    List,
    /// One manifest: a whole `PodSecurityPolicy`.
    Manifest,
    /// The fields of one spec, with its `annotations`.
    Bare,
    /// Not at all: there are options alone.
    Options,
}

impl Form {
    /// The form of settings with these keys.
    pub fn of<'k>(keys: impl Iterator<Item = impl AsRef<str> + 'k>) -> Self {
        let mut form = Form::Options;
        for key in keys {
            match key.as_ref() {
                "policies" => return Form::List,
                "apiVersion" | "kind" | "metadata" | "spec" => form = Form::Manifest,
                key if form == Form::Options && option(key).is_none() => form = Form::Bare,
                _ => {}
            }
        }
        form
    }
}

/// The number of an option among all keys of settings, behind the rules', and its shape.
fn option(key: &str) -> Option<(usize, Shape)> {
    numbered(OPTIONS, key).map(|(number, shape)| (rules::COUNT + number, shape))
}

/// Determines the shape of the settings and loads the policies; the flag is whether they came as a list.
pub(super) fn load_policies<'v, 's>(
    root: Value<'v, 's>,
    minor: u64,
    options: &mut Options<'v, 's>,
    problems: &mut Problems,
) -> (Vec<Policy<'s>>, bool) {
    let behind_options = rules::COUNT + OPTIONS.len();
    let form = Form::of(root.entries().map(|(key, _)| key));
    let mut keep = |number, value| options.keep(number, value);
    match form {
        Form::List => {
            let find = |key: &str| match key {
                // Each is checked key by key when it is loaded.
                "policies" => Some((behind_options, Shape::List(&Shape::Any))),
                key => option(key),
            };
            let known = names_of(OPTIONS).chain(["policies"]);
            check_object(root, &Path::ROOT, problems, find, &known, keep);
            (load_list(root, minor, problems), true)
        }
        Form::Manifest => {
            let known = names_of(MANIFEST).chain(names_of(OPTIONS));
            let find = |key: &str| numbered(MANIFEST, key).or_else(|| option(key));
            check_object(root, &Path::ROOT, problems, find, &known, keep);
            for key in ["apiVersion", "kind"].into_iter().filter(|key| root.get(key).is_none()) {
                let reason = "Required value: a whole PodSecurityPolicy is one with `apiVersion` and `kind`";
                problems.add(key, reason);
            }
            let loaded = load_manifest(root, minor, &Path::ROOT, None, problems);
            (loaded.map(|(policy, _)| policy).into_iter().collect(), false)
        }
        Form::Options => {
            check_object(root, &Path::ROOT, problems, option, &names_of(OPTIONS), keep);
            (Vec::new(), false)
        }
        Form::Bare => {
            let find = |key: &str| match key {
                "annotations" => Some((behind_options, Shape::Map(&Shape::Text))),
                key => spec_field(key).or_else(|| option(key)),
            };
            let known = spec_names().chain(names_of(OPTIONS)).chain(["annotations"]);
            let check = |fields: &mut SpecFields<'v, 's>, problems: &mut Problems| {
                check_object(root, &Path::ROOT, problems, find, &known, |number, value| {
                    keep(number, value) && fields.keep(number, value, None)
                });
            };
            let (policy, _) =
                load_spec(&Written::bare(root), minor, DEFAULT_NAME.into(), None, problems, check);
            (vec![policy], false)
        }
    }
}

/// A policy as settings hold it.
pub(super) struct Written<'p, 'v, 's> {
    pub(super) spec: Value<'v, 's>,
    pub(super) at: Path<'p>,
    pub(super) annotations: Value<'v, 's>,
    pub(super) annotations_at: Path<'p>,
}

impl<'p, 'v, 's> Written<'p, 'v, 's> {
    fn bare(root: Value<'v, 's>) -> Self {
        let annotations = root.get("annotations").unwrap_or_default();
        Written {
            spec: root,
            at: Path::ROOT,
            annotations,
            annotations_at: const { Path::ROOT.key("annotations") },
        }
    }

    fn manifest(manifest: Value<'v, 's>, at: &'p Path<'p>, metadata_at: &'p Path<'p>) -> Self {
        let annotations = manifest.get("metadata").and_then(|metadata| metadata.get("annotations"));
        Written {
            spec: manifest.get("spec").unwrap_or_default(),
            at: at.key("spec"),
            annotations: annotations.unwrap_or_default(),
            annotations_at: metadata_at.key("annotations"),
        }
    }
}

/// Shows each policy that settings hold, in document order.
pub(super) fn each<'v, 's>(root: Value<'v, 's>, show: &mut dyn FnMut(&Written<'_, 'v, 's>)) {
    let mut manifest = |value: Value<'v, 's>, at: &Path<'_>| {
        show(&Written::manifest(value, at, &at.key("metadata")));
    };
    match Form::of(root.entries().map(|(key, _)| key)) {
        Form::List => {
            let at = Path::ROOT.key("policies");
            let list = root.get("policies").unwrap_or_default().elements();
            list.enumerate().for_each(|(index, value)| manifest(value, &at.index(index)));
        }
        Form::Manifest => manifest(root, &Path::ROOT),
        Form::Bare => show(&Written::bare(root)),
        Form::Options => {}
    }
}

fn load_list<'s>(root: Value<'_, 's>, minor: u64, problems: &mut Problems) -> Vec<Policy<'s>> {
    let list = root.get("policies").unwrap_or_default().elements();
    let mut policies: Vec<Policy<'s>> = Vec::with_capacity(list.clone().count());
    if policies.capacity() == 0 {
        problems.add("policies", "must list at least one policy");
    }
    let at = Path::ROOT.key("policies");
    let mut previous = None;
    let find = |key: &str| numbered(MANIFEST, key);
    for (index, manifest) in list.enumerate() {
        let at = at.index(index);
        if !check_object(manifest, &at, problems, find, &names_of(MANIFEST), |_, _| true) {
            continue;
        }
        let reported = problems.0.len();
        let earlier =
            previous.as_ref().zip(policies.last()).map(|(fields, policy)| PreviousPolicy { policy, fields });
        let Some((policy, fields)) = load_manifest(manifest, minor, &at, earlier.as_ref(), problems) else {
            continue;
        };
        previous = Some(fields).filter(|_| problems.0.len() == reported);
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
    minor: u64,
    at: &Path<'_>,
    previous: Option<&PreviousPolicy<'_, 'v, 's>>,
    problems: &mut Problems,
) -> Option<(Policy<'s>, SpecFields<'v, 's>)> {
    let metadata_at = at.key("metadata");
    let written = Written::manifest(manifest, at, &metadata_at);
    let metadata = manifest.get("metadata").unwrap_or_default();
    for (key, shape) in [("name", Shape::Text), ("annotations", Shape::Map(&Shape::Text))] {
        shape.check(metadata.get(key).unwrap_or_default(), &metadata_at.key(key), problems);
    }
    let name = metadata.get("name").and_then(Value::text).unwrap_or_default();
    let name_at = metadata_at.key("name");
    if name.is_empty() {
        problems.add(name_at, "Required value: a policy is known by its name");
    } else if let Some(problem) = subdomain_problem(&name) {
        problems.invalid(name_at, &name, problem);
    }
    if written.spec.is_null() {
        problems.add(written.at, "Required value: the policy itself");
        return None;
    }
    Some(load_spec(&written, minor, name, previous, problems, |fields, problems| {
        let keep = |number, value| fields.keep(number, value, previous);
        check_object(written.spec, &written.at, problems, spec_field, &spec_names(), keep);
    }))
}

/// Loads a policy, whose keys `check` checks and keeps.
fn load_spec<'v, 's>(
    written: &Written<'_, 'v, 's>,
    minor: u64,
    name: Text<'s>,
    previous: Option<&PreviousPolicy<'_, 'v, 's>>,
    problems: &mut Problems,
    check: impl FnOnce(&mut SpecFields<'v, 's>, &mut Problems),
) -> (Policy<'s>, SpecFields<'v, 's>) {
    check_annotations(written.annotations, &written.annotations_at, problems);
    let mut fields = SpecFields::new(written.annotations, previous);
    check(&mut fields, problems);
    let mut spec = Spec {
        rule: None,
        own: Value::default(),
        others: Default::default(),
        annotations: written.annotations,
        minor,
        volume_types: None,
        at: written.at,
        annotations_at: written.annotations_at,
        problems,
    };
    let policy = Policy::load(name, &mut spec, &fields, previous);
    (policy, fields)
}

/// The prefixes of PodSecurityPolicy's own annotations.
const PREFIXES: [&str; 2] =
    ["seccomp.security.alpha.kubernetes.io/", "apparmor.security.beta.kubernetes.io/"];

/// Finds annotations that look like PodSecurityPolicy's and are not: a misspelt constraint has no effect.
fn check_annotations(annotations: Value<'_, '_>, at: &Path<'_>, problems: &mut Problems) {
    let known = || rules::all().flat_map(|(_, entry)| entry.annotations).copied();
    for (key, _) in annotations.entries() {
        let is_ours = PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        if is_ours && !known().any(|known| known == key) {
            let known: Vec<&str> = known().collect();
            problems.add(at.key(&key), schema::unknown("annotation", &key, &known));
        }
    }
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
