//! Policies out of files, and out of objects that have been read.

use std::fmt::Write as _;
use std::path::PathBuf;

use pod_security_policy::settings::{OPTIONS, Settings};
use pod_security_policy::shape::{Problem, Problems};
use pod_security_policy::standards::Standard;
use serde_json::{Value, json};

use super::{Judge, Policies, Registration};
use crate::advice;
use crate::error::{Fault, Faults, Outcome, Place};
use crate::input::{self, Object};
use crate::rbac::{Authority, is_rbac};
use crate::reach::Reach;

/// Loads what judges from files and the names of levels.
pub(crate) fn load(sources: &[PathBuf], authority: Authority) -> Outcome<Policies> {
    let mut registrations = Vec::new();
    let mut paths = Vec::new();
    for source in sources {
        match source.to_str().filter(|_| !source.exists()).map(str::parse::<Standard>) {
            Some(Ok(standard)) => registrations.push(Registration {
                name: format!("PodSecurity \"{standard}\""),
                reach: Reach::everything(),
                judge: Judge::Standard(standard),
            }),
            _ => paths.push(source.clone()),
        }
    }
    for path in &paths {
        if !path.exists() && path.as_os_str() != "-" {
            let fault = Fault::new(format_args!("{}: there is no such file", path.display()));
            return Err(fault
                .help("levels of the Pod Security Standards are privileged, baseline and restricted, with a version if you like: baseline:v1.31")
                .into());
        }
    }
    let objects = input::read_all(&paths)?;
    let mut policies = of_objects(&objects, authority, registrations)?;
    if let Authority::Dump(rbac) = &policies.authority {
        policies.advice.extend(advice::of_grants(&policies.registrations, rbac));
    }
    Ok(policies)
}

/// Loads what judges from objects that have been read.
pub(crate) fn of_objects(
    objects: &[Object],
    authority: Authority,
    mut registrations: Vec<Registration>,
) -> Outcome<Policies> {
    let mut faults = Vec::new();
    let mut manifests: Vec<&Object> = Vec::new();
    let (mut told, mut advised) = (Vec::new(), Vec::new());
    if objects.iter().any(is_rbac) && matches!(authority, Authority::Everybody) {
        told.push(
            "there are roles or bindings among the policies, which count only if --rbac names them"
                .to_owned(),
        );
    }
    for object in objects.iter().filter(|object| !is_rbac(object)) {
        let loaded = match &*object.kind {
            // With options beside its spec, it is settings.
            "PodSecurityPolicy" if !has_options(object) => {
                manifests.push(object);
                continue;
            }
            "ClusterAdmissionPolicy" | "AdmissionPolicy" => registration(object),
            "" | "PodSecurityPolicy" => {
                settings(object.json.clone(), &|path| object.place(path)).map(|settings| Registration {
                    name: "settings".to_owned(),
                    reach: Reach::everything(),
                    judge: Judge::Settings(settings),
                })
            }
            kind => {
                let reason = format_args!(
                    "{kind} is neither a PodSecurityPolicy, nor settings, nor a (Cluster)AdmissionPolicy"
                );
                Err(Fault::at(object.start(), reason).into())
            }
        };
        // Both halves of a pair have the same settings: advice once is enough.
        let own = policies_in(object);
        if !advised.contains(&own) {
            told.extend(advice::of_object(object));
            advised.push(own);
        }
        match loaded {
            Ok(registration) => registrations.push(registration),
            Err(Faults(more)) => faults.extend(more),
        }
    }
    if !manifests.is_empty() {
        told.extend(manifests.iter().flat_map(|manifest| advice::of_object(manifest)));
        match of_manifests(&manifests, &authority) {
            Ok(registration) => registrations.push(registration),
            Err(Faults(more)) => faults.extend(more),
        }
    }
    if registrations.is_empty() && faults.is_empty() {
        faults.push(Fault::new("there is no policy in what `--policies` names"));
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    registrations.sort_by_key(Registration::turn);
    Ok(Policies { registrations, authority, advice: told })
}

/// The settings of a registration, whichever half of a pair it is.
fn policies_in(object: &Object) -> Value {
    let mut value = object.value();
    let mut settings = value.pointer_mut("/spec/settings").map(Value::take).unwrap_or(value);
    if let Value::Object(members) = &mut settings {
        members.remove("mutate");
    }
    settings
}

fn has_options(object: &Object) -> bool {
    let value = object.value();
    OPTIONS.iter().any(|option| value.get(option.name).is_some())
}

/// PodSecurityPolicies judge together, as they did.
fn of_manifests(manifests: &[&Object], authority: &Authority) -> Outcome<Registration> {
    let authorization = if matches!(authority, Authority::Dump(_)) { "RBAC" } else { "None" };
    let settings = settings_of(manifests, authorization)?;
    let mut name = String::from("PodSecurityPolicy");
    for (nth, policy) in settings.policies.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(name, "{} {}", if nth == 0 { "" } else { "," }, policy.name);
    }
    Ok(Registration { name, reach: Reach::everything(), judge: Judge::Settings(settings) })
}

/// Makes sure that PodSecurityPolicies can judge.
///
/// # Errors
///
/// Everything that is wrong with them, with its place.
pub(crate) fn check_manifests(manifests: &[&Object]) -> Outcome<()> {
    settings_of(manifests, "RBAC").map(|_| ())
}

fn settings_of(manifests: &[&Object], authorization: &str) -> Outcome<Settings<'static>> {
    let policies: Vec<Value> = manifests.iter().map(|manifest| manifest.value()).collect();
    let document = json!({"authorization": authorization, "policies": policies}).to_string();
    parse(document).map_err(|problems| {
        let fault = |problem: &Problem| match in_list(manifests, &problem.path) {
            Some((manifest, path)) => {
                let own = Problem { path: path.to_owned(), reason: problem.reason.clone() };
                let fault = Fault::at(manifest.place(path), format_args!("{}: {own}", manifest.name));
                match manifest.remedy(path).filter(|_| own.reason.contains("must be a string")) {
                    Some(remedy) => fault.help(remedy),
                    None => fault,
                }
            }
            None => Fault::new(problem),
        };
        Faults(problems.0.iter().map(fault).collect())
    })
}

/// What `policies[1].spec…` is about, and the path in it.
fn in_list<'o, 'p>(manifests: &[&'o Object], path: &'p str) -> Option<(&'o Object, &'p str)> {
    let (index, rest) = path.strip_prefix("policies[")?.split_once(']')?;
    let manifest = manifests.get(index.parse::<usize>().ok()?)?;
    Some((manifest, rest.trim_start_matches('.')))
}

/// A registration of the policy, as it is applied to clusters.
fn registration(object: &Object) -> Outcome<Registration> {
    let value = object.value();
    let at = |pointer: &str| value.pointer(pointer).cloned().unwrap_or_default();
    let document = at("/spec/settings").to_string();
    let settings = settings(document, &|path| object.place(&format!("spec.settings.{path}")))?;
    let mut settings = settings;
    // The server refuses what such a registration would change.
    settings.mutate &= at("/spec/mutating") == true;
    Ok(Registration {
        name: object.title(),
        reach: Reach::of(&value, object.namespace.as_deref().filter(|_| object.kind == "AdmissionPolicy")),
        judge: Judge::Settings(settings),
    })
}

/// Loads settings, and tells where in an object they are wrong.
pub(crate) fn settings(document: String, place: &dyn Fn(&str) -> Place) -> Outcome<Settings<'static>> {
    parse(document).map_err(|problems| {
        Faults(problems.0.iter().map(|problem| Fault::at(place(&problem.path), problem)).collect())
    })
}

/// Settings borrow from their text, and both live as long as the program runs.
pub(crate) fn parse(document: String) -> Result<Settings<'static>, Problems> {
    Settings::parse(document.leak())
}
