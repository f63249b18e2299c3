//! Policies out of objects that have been read.

use std::fmt::Write as _;

use pod_security_policy::schema::{Problem, ProblemKind, Problems};
use pod_security_policy::settings::{OPTIONS, Settings};
use pod_security_policy::standards::Standard;
use serde_json::{Value, json};

use super::modules::Modules;
use super::webhook_match::WebhookMatch;
use super::{Judge, Policies, Registration, lint};
use crate::error::{Error, Errors, Outcome, Place};
use crate::input::Object;
use crate::rbac::{Authority, is_rbac};

/// The policies in objects, and levels of the Pod Security Standards.
///
/// # Errors
///
/// All errors in the objects; that there is no policy.
pub fn of_objects(
    objects: &[Object],
    levels: &[Standard],
    modules: &Modules,
    authority: Authority,
) -> Outcome<Policies> {
    let mut registrations: Vec<Registration> = levels.iter().copied().map(of_level).collect();
    let (mut errors, mut others) = (Vec::new(), Vec::new());
    let mut manifests: Vec<&Object> = Vec::new();
    let (mut reported, mut advised): (Vec<String>, _) = (Vec::new(), Vec::new());
    if objects.iter().any(is_rbac) && matches!(authority, Authority::Everybody) {
        reported.push(
            "there are roles or bindings among the policies, which count only if --rbac names them"
                .to_owned(),
        );
    }
    for object in objects.iter().filter(|object| !is_rbac(object)) {
        reported.extend(object.warnings().iter().map(|warning| format!("{}: {warning}", object.start())));
        let loaded = match &*object.kind {
            // With options next to `spec`, it is settings.
            "PodSecurityPolicy" if !has_options(object) => {
                manifests.push(object);
                continue;
            }
            "ClusterAdmissionPolicy" | "AdmissionPolicy" if modules.are_ours(object) => registration(object),
            _ if object.group() == KUBEWARDEN => {
                others.push(other(object));
                continue;
            }
            "" | "PodSecurityPolicy" => {
                settings(object.json.clone(), &|path| object.place(path)).map(|settings| Registration {
                    name: "settings".to_owned(),
                    matches: WebhookMatch::everything(),
                    judge: Judge::Settings(settings),
                    document: object.json.clone(),
                })
            }
            kind => {
                let reason = format_args!(
                    "{kind} is neither a PodSecurityPolicy, nor settings, nor a (Cluster)AdmissionPolicy"
                );
                Err(Error::at(object.start(), reason).into())
            }
        };
        // Both halves of a pair have the same settings: advice once is enough.
        let own = settings_without_mutate(object);
        if !advised.contains(&own) {
            reported.extend(lint::of_object(object).iter().map(ToString::to_string));
            advised.push(own);
        }
        match loaded {
            Ok(registration) => registrations.push(registration),
            Err(Errors(more)) => errors.extend(more),
        }
    }
    reported.extend(lint::of_halves(objects));
    if !manifests.is_empty() {
        let advice = manifests.iter().flat_map(|manifest| lint::of_object(manifest));
        reported.extend(advice.map(|advice| advice.to_string()));
        match of_manifests(&manifests, &authority) {
            Ok(registration) => registrations.push(registration),
            Err(Errors(more)) => errors.extend(more),
        }
    }
    if registrations.is_empty() && errors.is_empty() {
        let error = Error::new("there is no policy in what `--policies` names");
        errors.push(match others.as_slice() {
            [] => error,
            others => error.help(format_args!(
                "{}; --module names the module if it has another name",
                others_reported(others)
            )),
        });
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    registrations.sort_by_key(Registration::turn);
    if let Authority::Dump(rbac) = &authority {
        reported.extend(lint::of_grants(&registrations, rbac));
    }
    let not_judged = (!others.is_empty()).then(|| others_reported(&others));
    Ok(Policies { registrations, authority, advice: reported, now: None, not_judged })
}

/// A level of the Pod Security Standards.
fn of_level(standard: Standard) -> Registration {
    Registration {
        name: format!("PodSecurity \"{standard}\""),
        matches: WebhookMatch::everything(),
        judge: Judge::Standard(standard),
        document: String::new(),
    }
}

/// The API group of Kubewarden.
pub(crate) const KUBEWARDEN: &str = "policies.kubewarden.io";

/// How registrations of other modules are named: `ClusterAdmissionPolicy drop (registry://example.com/drop:v1)`
pub(crate) fn other(object: &Object) -> String {
    match object.value().pointer("/spec/module").and_then(Value::as_str) {
        Some(module) => format!("{} ({module})", object.title()),
        None => object.title(),
    }
}

/// At most so many registrations of other modules are named.
const NAMED: usize = 5;

fn others_reported(others: &[String]) -> String {
    let more = others.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let named: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
    format!("not judged, since they register something else: {}{more}", named.join(", "))
}

/// The settings of a registration, from either half of a pair.
pub(crate) fn settings_without_mutate(object: &Object) -> Value {
    let mut value = object.value();
    let mut settings = value.pointer_mut("/spec/settings").map(Value::take).unwrap_or(value);
    if let Value::Object(members) = &mut settings {
        members.remove("mutate");
    }
    settings
}

/// Whether it has options next to `spec`, so that it is settings.
pub(crate) fn has_options(object: &Object) -> bool {
    let value = object.value();
    OPTIONS.iter().any(|option| value.get(option.name).is_some())
}

/// PodSecurityPolicies are evaluated together, as in the cluster.
fn of_manifests(manifests: &[&Object], authority: &Authority) -> Outcome<Registration> {
    let authorization = if matches!(authority, Authority::Dump(_)) { "RBAC" } else { "None" };
    let (settings, document) = settings_of(manifests, authorization)?;
    let mut name = String::from("PodSecurityPolicy");
    for (nth, policy) in settings.policies.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(name, "{} {}", if nth == 0 { "" } else { "," }, policy.name);
    }
    Ok(Registration { name, matches: WebhookMatch::everything(), judge: Judge::Settings(settings), document })
}

/// One error in a policy.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// The index of the policy; `None` for errors about several.
    pub(crate) nth: Option<usize>,
    /// The path in the policy.
    pub(crate) path: String,
    pub(crate) kind: ProblemKind,
    /// The problem, without its path.
    pub(crate) reason: String,
    /// The same, for people.
    pub(crate) error: Error,
}

/// All errors in policies that have been rewritten from the original objects.
pub(crate) fn misfits(objects: &[Object], policies: &[Value]) -> Vec<Misfit> {
    let manifests: Vec<&Object> = objects.iter().collect();
    let document = json!({"authorization": "RBAC", "policies": policies}).to_string();
    let problems = parse(document).err().map(|problems| problems.0).unwrap_or_default();
    problems.iter().map(|problem| misfit(&manifests, problem)).collect()
}

/// The settings that these policies are together, and their text.
fn settings_of(manifests: &[&Object], authorization: &str) -> Outcome<(Settings<'static>, String)> {
    let policies: Vec<Value> = manifests.iter().map(|manifest| manifest.value()).collect();
    let document = json!({"authorization": authorization, "policies": policies}).to_string();
    let settings = parse(document.clone()).map_err(|problems| {
        Errors(problems.0.iter().map(|problem| misfit(manifests, problem).error).collect())
    })?;
    Ok((settings, document))
}

fn misfit(manifests: &[&Object], problem: &Problem) -> Misfit {
    let kind = problem.kind;
    let Some((nth, manifest, path)) = in_list(manifests, &problem.path) else {
        let Problem { path, reason, .. } = problem.clone();
        return Misfit { nth: None, path, kind, reason, error: Error::new(problem) };
    };
    let of_annotation = (kind == ProblemKind::UnknownField).then(|| profiles(path)).flatten();
    let reason = if of_annotation.is_some() { "unknown field" } else { &problem.reason };
    let own = Problem { path: path.to_owned(), reason: reason.to_owned(), kind };
    let error = Error::at(manifest.place(path), format_args!("{}: {own}", manifest.name));
    let quoted = manifest.remedy(path).filter(|_| kind == ProblemKind::NoString);
    let remedy = of_annotation.or_else(|| quoted.map(ToString::to_string));
    let error = match remedy {
        Some(remedy) => error.help(remedy),
        None => error,
    };
    Misfit { nth: Some(nth), path: own.path, kind, reason: own.reason, error }
}

/// The replacement for a profile field, which PodSecurityPolicy kept in annotations.
fn profiles(path: &str) -> Option<String> {
    let field = path.strip_prefix("spec.")?.to_lowercase();
    let prefix = if field.starts_with("seccomp") {
        "seccomp.security.alpha.kubernetes.io"
    } else if field.starts_with("apparmor") {
        "apparmor.security.beta.kubernetes.io"
    } else {
        return None;
    };
    Some(format!(
        "profiles are annotations of the policy: metadata.annotations[{prefix}/allowedProfileNames] and metadata.annotations[{prefix}/defaultProfileName]"
    ))
}

/// The policy that `policies[1].spec…` refers to, and the path in it.
fn in_list<'o, 'p>(manifests: &[&'o Object], path: &'p str) -> Option<(usize, &'o Object, &'p str)> {
    let (index, rest) = path.strip_prefix("policies[")?.split_once(']')?;
    let index = index.parse::<usize>().ok()?;
    Some((index, manifests.get(index)?, rest.trim_start_matches('.')))
}

/// A registration of the policy, as it is applied to clusters.
fn registration(object: &Object) -> Outcome<Registration> {
    let value = object.value();
    let at = |pointer: &str| value.pointer(pointer).cloned().unwrap_or_default();
    let mut document = at("/spec/settings");
    let mut settings =
        settings(document.to_string(), &|path| object.place(&format!("spec.settings.{path}")))?;
    // The policy server rejects mutations of such a registration.
    settings.mutate &= at("/spec/mutating") == true;
    if let Some(members) = document.as_object_mut().filter(|_| !settings.mutate) {
        members.insert("mutate".to_owned(), false.into());
    }
    Ok(Registration {
        name: object.title(),
        matches: WebhookMatch::of(
            &value,
            object.namespace.as_deref().filter(|_| object.kind == "AdmissionPolicy"),
        ),
        judge: Judge::Settings(settings),
        document: document.to_string(),
    })
}

/// Loads settings, and locates errors in an object.
pub(crate) fn settings(document: String, place: &dyn Fn(&str) -> Place) -> Outcome<Settings<'static>> {
    parse(document).map_err(|problems| {
        Errors(problems.0.iter().map(|problem| Error::at(place(&problem.path), problem)).collect())
    })
}

/// Settings borrow from their text; both live until the program ends.
pub(crate) fn parse(document: String) -> Result<Settings<'static>, Problems> {
    Settings::parse(document.leak())
}
