//! The option `exemptions`: who is exempt from which rules, and until when.
//!
//! An exemption exempts from the rules that it lists, never from all. A value that the author of a pod chooses alone is
//! not a condition: labels and annotations never are, images and runtime classes only within namespaces that are named.
//! An image exempts the fields of its own containers and nothing that the pod has as a whole. Controllers create the
//! pods of every tenant, so that conditions which one of them satisfies need a namespace, too.

mod date;
mod image;

use crate::json::{Quoted, Text, Value};
use crate::pod::Container;
use crate::pod::controllers::{self, CONTROLLER_MANAGER};
use crate::rule::RuleSet;
use crate::rule::spec::texts;
use crate::schema::names::{is_label, subdomain_problem};
use crate::schema::{Field, Path, Problems, Shape};
use crate::settings::rule_names;

const TEXTS: Shape = Shape::List(&Shape::Text);

const NAMESPACES: &str = "namespaces";
const SERVICE_ACCOUNTS: &str = "serviceAccounts";
const IMAGES: &str = "images";
const RUNTIME_CLASSES: &str = "runtimeClasses";

/// The conditions of an exemption.
const MATCH: &[Field] = &[
    Field::new(NAMESPACES, TEXTS, "The namespace of the pod."),
    Field::new(
        "usernames",
        TEXTS,
        "The user who creates the pod: the requester; of a workload's pods, the controller.",
    ),
    Field::new("groups", TEXTS, "A group of that user."),
    Field::new(SERVICE_ACCOUNTS, TEXTS, "The service account that the pod runs as, as `namespace/name`."),
    Field::new(
        IMAGES,
        TEXTS,
        "The image of a container, exact or up to a final `/*`; only together with `namespaces`.",
    ),
    Field::new(RUNTIME_CLASSES, TEXTS, "The pod's runtime class; only together with `namespaces`."),
];

pub(crate) const FIELD: Field = Field::new(
    "exemptions",
    Shape::List(&Shape::Object(&[
        Field::new("name", Shape::Text, "The name that the audit log knows it by."),
        Field::new("reason", Shape::Text, "Why there is this exemption, for its readers."),
        Field::new("match", Shape::Object(MATCH), "Its grounds, all of which must hold."),
        Field::new(
            "rules",
            TEXTS,
            "The rules that neither object nor fill anything in: by their fields, checks as `pss/ID`; `*` for all rules of PodSecurityPolicy, `pss/*` for all checks; and `namespaceLabels`, `namespaceLabels/guard`, `persistentVolumes`, `resourceClaims`.",
        ),
        Field::new("expires", Shape::Text, "The day, such as `2027-01-31`, at whose 00:00 UTC it ends."),
    ])),
    "Who is exempt from which rules, and until when.",
);

/// One exemption.
#[derive(Debug, Default)]
pub struct Exemption<'s> {
    /// Its name.
    pub name: Text<'s>,
    /// The rules and checks that it exempts from.
    pub rules: RuleSet,
    /// The day at whose start it ends, and that in seconds since 1970.
    pub(crate) expires: Option<(Text<'s>, i64)>,
    /// A condition that is not given is an empty list, and holds.
    pub(crate) namespaces: Vec<Text<'s>>,
    pub(crate) usernames: Vec<Text<'s>>,
    pub(crate) groups: Vec<Text<'s>>,
    pub(crate) service_accounts: Vec<Text<'s>>,
    pub(crate) runtime_classes: Vec<Text<'s>>,
    images: Vec<Text<'s>>,
}

impl Exemption<'_> {
    /// Whether the exemption holds for the pod as a whole, and not only for containers of some images.
    pub(crate) fn frees_pod(&self) -> bool {
        self.images.is_empty()
    }

    /// Whether it holds for a container, as far as the image decides.
    pub(crate) fn frees(&self, container: &Container<'_>) -> bool {
        self.images.iter().any(|pattern| image::fits(pattern, &container.image))
    }
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load<'s>(option: Option<Value<'_, 's>>, problems: &mut Problems) -> Vec<Exemption<'s>> {
    let at = Path::ROOT.key(FIELD.name);
    let mut exemptions: Vec<Exemption<'s>> = Vec::new();
    for (index, value) in option.unwrap_or_default().elements().enumerate() {
        let at = at.index(index);
        let exemption = load_one(value, &at, problems);
        if exemption.name.is_empty() {
            problems.add(at.key("name"), "Required value: the audit log knows an exemption by its name");
        } else if exemptions.iter().any(|earlier| earlier.name == exemption.name) {
            let name = Quoted(&exemption.name);
            problems.add(at.key("name"), format_args!("Duplicate value: {name}"));
        }
        exemptions.push(exemption);
    }
    exemptions
}

fn load_one<'s>(value: Value<'_, 's>, at: &Path<'_>, problems: &mut Problems) -> Exemption<'s> {
    let text = |key| value.get(key).and_then(Value::text);
    let grounds = value.get("match").unwrap_or_default();
    let match_at = at.key("match");
    let mut exemption = Exemption { name: text("name").unwrap_or_default(), ..Exemption::default() };

    let rules = value.get("rules").map(texts).unwrap_or_default();
    let rules_at = at.key("rules");
    if rules.is_empty() {
        problems.add(rules_at, "Required value: an exemption lists the rules that it frees from");
    }
    for (index, name) in rules.iter().enumerate() {
        match rule_names::exempted(name) {
            Some(rules) => exemption.rules = exemption.rules.or(rules),
            None => {
                let reason = rule_names::unknown_to_exemptions(name);
                problems.invalid(rules_at.index(index), name, reason);
            }
        }
    }

    let given = |key: &str| grounds.get(key).is_some();
    if !MATCH.iter().any(|field| given(field.name)) {
        problems
            .add(match_at, "Required value: must have at least one condition, or it would exempt every pod");
    }
    for authors in [IMAGES, RUNTIME_CLASSES] {
        if given(authors) && !given(NAMESPACES) {
            let reason = "is accepted only together with `namespaces`: pod authors choose it themselves";
            problems.add(match_at.key(authors), reason);
        }
    }
    let mut ground = |key: &'static str, problem: fn(&str) -> Option<&'static str>| {
        let Some(list) = grounds.get(key) else { return Vec::new() };
        let at = match_at.key(key);
        let list = texts(list);
        if list.is_empty() {
            problems.add(at, "must not be empty");
        }
        for (index, text) in list.iter().enumerate() {
            if let Some(reason) = problem(text) {
                problems.invalid(at.index(index), text, reason);
            }
        }
        list
    };
    exemption.namespaces = ground(NAMESPACES, namespace_problem);
    exemption.usernames = ground("usernames", empty_problem);
    exemption.groups = ground("groups", empty_problem);
    exemption.service_accounts = ground(SERVICE_ACCOUNTS, service_account_problem);
    exemption.runtime_classes = ground(RUNTIME_CLASSES, subdomain_problem);
    exemption.images = ground(IMAGES, image::problem);

    if !given(NAMESPACES) {
        refuse_controllers(&exemption, &match_at, problems);
    }

    // A form field that was left empty has an empty string.
    if let Some(day) = text("expires").filter(|day| !day.is_empty()) {
        match date::seconds(&day) {
            Some(seconds) => exemption.expires = Some((day, seconds)),
            None => problems.invalid(at.key("expires"), &day, "must be a day such as \"2027-01-31\""),
        }
    }
    exemption
}

/// The groups of the controllers' accounts; the controller manager's user has only the last.
const GROUPS: [&str; 3] =
    ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"];

/// Refuses conditions that the account of a controller satisfies: it creates the pods of every tenant.
fn refuse_controllers(exemption: &Exemption<'_>, match_at: &Path<'_>, problems: &mut Problems) {
    let mut accounts = controllers::SERVICE_ACCOUNTS.into_iter().map(Some).chain([None]);
    let Some((key, index, value)) = accounts.find_map(|account| satisfied_by(exemption, account)) else {
        return;
    };
    let reason = "would free the pods of every tenant, which controllers with this account or group create; name the `namespaces` as well";
    problems.invalid(match_at.key(key).index(index), value, reason);
}

/// The first condition of an exemption that a controller satisfies: its key, and the place and the text of the entry.
/// `None` if the controller does not satisfy all conditions. Without an account it is the controller manager's user.
fn satisfied_by<'e>(
    exemption: &'e Exemption<'_>,
    account: Option<&str>,
) -> Option<(&'static str, usize, &'e str)> {
    let is_controller = |entry: &str, prefix: &str| {
        account.is_some_and(|account| entry.strip_prefix(prefix) == Some(account))
    };
    let is_user = |entry: &str| {
        is_controller(entry, "system:serviceaccount:kube-system:")
            || (account.is_none() && entry == CONTROLLER_MANAGER)
    };
    let is_group =
        |entry: &str| GROUPS.contains(&entry) && (account.is_some() || entry == "system:authenticated");
    let mut first = None;
    for (key, list) in [
        ("usernames", &exemption.usernames),
        ("groups", &exemption.groups),
        (SERVICE_ACCOUNTS, &exemption.service_accounts),
    ] {
        if list.is_empty() {
            continue;
        }
        let (index, entry) = list.iter().enumerate().find(|(_, entry)| match key {
            "usernames" => is_user(entry),
            "groups" => is_group(entry),
            _ => is_controller(entry, "kube-system/"),
        })?;
        first = first.or(Some((key, index, &**entry)));
    }
    first
}

fn namespace_problem(name: &str) -> Option<&'static str> {
    let well_formed = name.len() <= 63 && is_label(name.as_bytes(), b"");
    (!well_formed).then_some("must be the whole name of a namespace")
}

fn service_account_problem(name: &str) -> Option<&'static str> {
    let well_formed = name.split_once('/').is_some_and(|(namespace, name)| {
        namespace_problem(namespace).is_none() && subdomain_problem(name).is_none()
    });
    (!well_formed).then_some("must be `namespace/name`")
}

fn empty_problem(name: &str) -> Option<&'static str> {
    name.is_empty().then_some("must not be empty")
}
