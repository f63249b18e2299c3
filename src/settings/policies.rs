//! The policies in settings: one bare spec, one manifest, or a list of manifests.

use super::OPTIONS;
use crate::json::{Quoted, Value, same_name};
use crate::policy::{Policy, PreviousPolicy, SpecFields};
use crate::rule::spec::Spec;
use crate::rules;
use crate::schema::names::subdomain_problem;
use crate::schema::{self, Field, Path, Problems, Shape, check_object, doc_only};

/// The keys of a PodSecurityPolicy object.
const MANIFEST: &[Field] = &[
    Field {
        name: "apiVersion",
        shape: Shape::OneOf(&["policy/v1beta1", "extensions/v1beta1"]),
        doc: doc_only("The version."),
    },
    Field { name: "kind", shape: Shape::OneOf(&["PodSecurityPolicy"]), doc: doc_only("The kind.") },
    Field {
        name: "metadata",
        shape: Shape::Map(&Shape::Any),
        doc: doc_only("Of which the name and the annotations count."),
    },
    Field { name: "spec", shape: Shape::Any, doc: doc_only("The policy.") },
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

/// The number of an option among all keys of settings, behind the rules', and its shape.
fn option(key: &str) -> Option<(usize, Shape)> {
    numbered(OPTIONS, key).map(|(number, shape)| (rules::COUNT + number, shape))
}

fn numbered(fields: &[Field], key: &str) -> Option<(usize, Shape)> {
    let (number, field) = fields.iter().enumerate().find(|(_, field)| same_name(field.name, key))?;
    Some((number, field.shape))
}

/// Determines the shape of the settings and loads the policies; the flag is whether they came as a list.
pub(super) fn load_policies<'v, 's>(
    root: Value<'v, 's>,
    options: &mut Options<'v, 's>,
    problems: &mut Problems,
) -> (Vec<Policy<'s>>, bool) {
    let (mut is_list, mut is_manifest, mut is_bare) = (false, false, false);
    for (key, _) in root.entries() {
        match &*key {
            "policies" => is_list = true,
            "apiVersion" | "kind" | "metadata" | "spec" => is_manifest = true,
            key => is_bare = is_bare || option(key).is_none(),
        }
    }
    let behind_options = rules::COUNT + OPTIONS.len();
    if is_list {
        let find = |key: &str| match key {
            // Each is checked key by key when it is loaded.
            "policies" => Some((behind_options, Shape::List(&Shape::Any))),
            key => option(key),
        };
        check_object(
            root,
            &Path::Root,
            problems,
            find,
            &names_of(OPTIONS).chain(["policies"]),
            |number, value| options.keep(number, value),
        );
        return (load_list(root, problems), true);
    }
    if is_manifest {
        let known = names_of(MANIFEST).chain(names_of(OPTIONS));
        let find = |key: &str| manifest_field(key).or_else(|| option(key));
        check_object(root, &Path::Root, problems, find, &known, |number, value| options.keep(number, value));
        for key in ["apiVersion", "kind"].into_iter().filter(|key| root.get(key).is_none()) {
            problems
                .add(key, "Required value: a whole PodSecurityPolicy is one with `apiVersion` and `kind`");
        }
        return (
            load_manifest(root, &Path::Root, None, problems).map(|(policy, _)| policy).into_iter().collect(),
            false,
        );
    }
    if !is_bare {
        check_object(root, &Path::Root, problems, option, &names_of(OPTIONS), |number, value| {
            options.keep(number, value)
        });
        return (Vec::new(), false);
    }
    let find = |key: &str| match key {
        "annotations" => Some((behind_options, Shape::Map(&Shape::Text))),
        key => spec_field(key).or_else(|| option(key)),
    };
    let known = spec_names().chain(names_of(OPTIONS)).chain(["annotations"]);
    let annotations = root.get("annotations").unwrap_or_default();
    check_annotations(annotations, &Path::Key(&Path::Root, "annotations"), problems);
    let mut fields = SpecFields::new(annotations, None);
    check_object(root, &Path::Root, problems, find, &known, |number, value| {
        options.keep(number, value) && fields.keep(number, value, None)
    });
    let mut spec = Spec {
        rule: None,
        own: Value::default(),
        others: Default::default(),
        annotations,
        volume_types: None,
        at: Path::Root,
        annotations_at: Path::Key(&Path::Root, "annotations"),
        problems,
    };
    (vec![Policy::load(DEFAULT_NAME.into(), &mut spec, &fields, None)], false)
}

fn load_list<'s>(root: Value<'_, 's>, problems: &mut Problems) -> Vec<Policy<'s>> {
    let list = root.get("policies").unwrap_or_default().elements();
    let mut policies: Vec<Policy<'s>> = Vec::with_capacity(list.clone().count());
    if policies.capacity() == 0 {
        problems.add("policies", "must list at least one policy");
    }
    let at = Path::Key(&Path::Root, "policies");
    let mut previous = None;
    for (index, manifest) in list.enumerate() {
        let at = Path::Index(&at, index);
        if !check_object(manifest, &at, problems, manifest_field, &names_of(MANIFEST), |_, _| true) {
            continue;
        }
        let reported = problems.0.len();
        let earlier =
            previous.as_ref().zip(policies.last()).map(|(fields, policy)| PreviousPolicy { policy, fields });
        let Some((policy, fields)) = load_manifest(manifest, &at, earlier.as_ref(), problems) else {
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
    at: &Path<'_>,
    previous: Option<&PreviousPolicy<'_, 'v, 's>>,
    problems: &mut Problems,
) -> Option<(Policy<'s>, SpecFields<'v, 's>)> {
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
    let annotations = metadata.get("annotations").unwrap_or_default();
    check_annotations(annotations, &Path::Key(&metadata_at, "annotations"), problems);
    let mut fields = SpecFields::new(annotations, previous);
    let keep = |number, value| fields.keep(number, value, previous);
    check_object(spec, &spec_at, problems, spec_field, &spec_names(), keep);
    let mut spec = Spec {
        rule: None,
        own: Value::default(),
        others: Default::default(),
        annotations,
        volume_types: None,
        at: spec_at,
        annotations_at: Path::Key(&metadata_at, "annotations"),
        problems,
    };
    let policy = Policy::load(name, &mut spec, &fields, previous);
    Some((policy, fields))
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
            problems.add(Path::Key(at, &key), schema::unknown("annotation", &key, known()));
        }
    }
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
