//! Pod Security admission: its configuration, and the labels of namespaces.
//!
//! A registration selects namespaces by these labels, one for each combination that the input has, so that a namespace keeps its
//! level when it is renamed or labelled anew. The labels themselves cannot be read while a pod is judged: neither the request
//! nor the object has them, and to ask the cluster at each request would make every pod depend on one more answer.

#[cfg(test)]
mod tests;

use std::fmt::Display;

use serde_json::{Map, Value, json};

use pod_security_policy::settings::MODES;
use pod_security_policy::standards::{Level, Version};

use super::piece::Piece;
use super::reach::Reach;
use super::{Findings, Surroundings};
use crate::error::Error;
use crate::input::Object;

const PREFIX: &str = "pod-security.kubernetes.io/";

/// Whether an object configures Pod Security admission.
pub(super) fn recognizes(object: &Object) -> bool {
    match &*object.kind {
        "PodSecurityConfiguration" => true,
        "AdmissionConfiguration" => object.group() == "apiserver.config.k8s.io",
        "Namespace" => object.group().is_empty() && object.json.contains(PREFIX),
        _ => false,
    }
}

/// The level and the version of each mode.
type Levels = [(String, String); 3];

pub(super) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    let mut configurations = Vec::new();
    for object in objects.iter().filter(|object| object.kind != "Namespace") {
        match configuration(object) {
            Ok(Some((root, value))) => configurations.push((object, root, value)),
            Ok(None) => {
                let reason = "does not configure PodSecurity".to_owned();
                findings.left_alone.push((object.title(), reason));
            }
            Err(error) => findings.refused.push(error),
        }
    }
    for (object, ..) in configurations.iter().skip(1) {
        let reason = format_args!(
            "{}: an API server has one configuration of PodSecurity, and this is another",
            object.title()
        );
        findings.refused.push(Error::at(object.start(), reason));
    }
    let first = configurations.first();
    let nothing = Value::Null;
    let (defaults, exemptions) = match first {
        Some((.., value)) => {
            (value.get("defaults").unwrap_or(&nothing), value.get("exemptions").unwrap_or(&nothing))
        }
        None => (&nothing, &nothing),
    };
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let default: Levels = MODES.map(|(mode, ..)| {
        let (level, version) = (text(defaults, mode), text(defaults, &format!("{mode}-version")));
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        (or(level, "privileged"), or(version, "latest"))
    });
    let exempt = names(exemptions, "namespaces");
    let mut combinations: Vec<(Object, Levels, Vec<Value>)> = Vec::new();
    let root = first.map(|(_, root, _)| root.as_str()).unwrap_or_default();
    let of_defaults =
        MODES.map(|(mode, ..)| (format!("{root}defaults.{mode}"), format!("{root}defaults.{mode}-version")));
    if let Some((object, ..)) = first {
        match invalid(object, &default, &of_defaults) {
            Some(error) => findings.refused.push(error),
            None => {
                let requirements =
                    labels().map(|label| json!({"key": label, "operator": "DoesNotExist"})).collect();
                combinations.push(((*object).clone(), default.clone(), requirements));
            }
        }
    }
    for object in objects.iter().filter(|object| object.kind == "Namespace") {
        let value = object.value();
        let nothing = Map::new();
        let own = value.pointer("/metadata/labels").and_then(Value::as_object).unwrap_or(&nothing);
        if !labels().any(|label| own.contains_key(label)) {
            continue;
        }
        if exempt.contains(&object.name) {
            let reason = "is exempt in the configuration".to_owned();
            findings.left_alone.push((object.title(), reason));
            continue;
        }
        let label = |name: &str| own.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut levels = default.clone();
        for ((_, level_label, version_label), (level, version)) in MODES.iter().zip(&mut levels) {
            *level = label(level_label).unwrap_or_else(|| level.clone());
            *version = label(version_label).unwrap_or_else(|| version.clone());
        }
        // What is not a label of its own is a default of the configuration.
        let mut fields = of_defaults.clone();
        for ((_, level_label, version_label), (level, version)) in MODES.iter().zip(&mut fields) {
            for (label, field) in [(level_label, level), (version_label, version)] {
                if own.contains_key(*label) {
                    *field = format!("metadata.labels[{label}]");
                }
            }
        }
        if let Some(error) = invalid(object, &levels, &fields) {
            findings.refused.push(error);
            continue;
        }
        let [enforce, warn, _] = &mut levels;
        let [(_, enforced, _), (_, warned, warned_version), _] = MODES;
        if own.contains_key(enforced) && !own.contains_key(warned) && rank(&enforce.0) > rank(&warn.0) {
            warn.0.clone_from(&enforce.0);
            if !own.contains_key(warned_version) {
                warn.1.clone_from(&enforce.1);
            }
        }
        let requirements: Vec<Value> = labels()
            .map(|name| match label(name) {
                Some(value) => json!({"key": name, "operator": "In", "values": [value]}),
                None => json!({"key": name, "operator": "DoesNotExist"}),
            })
            .collect();
        if combinations.iter().all(|(_, _, known)| *known != requirements) {
            combinations.push((object.clone(), levels, requirements));
        }
    }
    for (object, levels, requirements) in combinations {
        piece(&object, &levels, requirements, (&exempt, exemptions), around, &mut findings);
    }
    findings
}

/// All labels that Pod Security admission reads.
pub(crate) fn labels() -> impl Iterator<Item = &'static str> {
    MODES.into_iter().flat_map(|(_, level, version)| [level, version])
}

fn names(value: &Value, key: &str) -> Vec<String> {
    let names = value.get(key).and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The first level or version that Pod Security admission refuses; `fields` are their places.
fn invalid(object: &Object, levels: &Levels, fields: &[(String, String); 3]) -> Option<Error> {
    levels.iter().zip(fields).find_map(|((level, version), (of_level, of_version))| {
        let problem = |field: &str, value: &str, problem: &dyn Display| {
            let reason = format_args!("{}: {field}: Invalid value: {value:?}: {problem}", object.title());
            Some(Error::at(object.place(field), reason))
        };
        if let Err(reason) = level.parse::<Level>() {
            return problem(of_level, level, &reason);
        }
        version.parse::<Version>().err().and_then(|reason| problem(of_version, version, &reason))
    })
}

/// How strict a level is, as Pod Security admission compares them.
fn rank(level: &str) -> Option<Level> {
    level.parse().ok()
}

/// The configuration of the plug-in and its path, with a trailing dot; `None` if the object configures others.
fn configuration(object: &Object) -> Result<Option<(String, Value)>, Error> {
    let value = object.value();
    if object.kind == "PodSecurityConfiguration" {
        return Ok(Some((String::new(), value)));
    }
    let plugins = value.get("plugins").and_then(Value::as_array).into_iter().flatten();
    let is_own = |(_, plugin): &(usize, &Value)| plugin.get("name").is_some_and(|name| name == "PodSecurity");
    let Some((nth, plugin)) = plugins.enumerate().find(is_own) else { return Ok(None) };
    if let Some(configuration) = plugin.get("configuration").filter(|value| value.is_object()) {
        return Ok(Some((format!("plugins[{nth}].configuration."), configuration.clone())));
    }
    let place = object.place(&format!("plugins[{nth}]"));
    let path = plugin.get("path").and_then(Value::as_str).unwrap_or_default();
    let reason =
        format_args!("{}: the configuration of PodSecurity is in another file: {path}", object.title());
    Err(Error::at(place, reason).help("give that file"))
}

fn piece(
    object: &Object,
    levels: &Levels,
    requirements: Vec<Value>,
    (exempt, exemptions): (&[String], &Value),
    around: &Surroundings,
    findings: &mut Findings,
) {
    let mut reach = Reach { namespaces: requirements, workloads: true, ..Reach::default() };
    reach.not_in(exempt);
    let mut piece = Piece::new(object, reach);
    if piece.name.is_empty() {
        "defaults".clone_into(&mut piece.name);
        piece.title.clone_from(&object.kind);
    }
    if levels.iter().all(|(level, _)| level == Level::Privileged.name()) {
        findings.left_alone.push((piece.title, "all modes are privileged, which demands nothing".to_owned()));
        return;
    }
    let modes: Map<String, Value> = MODES
        .iter()
        .zip(levels)
        .map(|((mode, ..), (level, version))| ((*mode).to_owned(), format!("{level}:{version}").into()))
        .collect();
    piece.options.insert("podSecurityStandards".to_owned(), Value::Object(modes));
    let mut entries = Vec::new();
    let users = names(exemptions, "usernames");
    if !users.is_empty() {
        entries.push(json!({"name": "exempt-users", "reason": "exempt from Pod Security admission",
            "match": {"usernames": users}, "rules": ["pss/*"]}));
        piece.differs(
            "exemptions.usernames",
            "that workloads of these users are exempt as well",
            "that their pods are",
            "a workload is judged by who makes its pods",
        );
    }
    let classes = names(exemptions, "runtimeClasses");
    if !classes.is_empty() {
        let places: Vec<&str> = around.namespaces.iter().map(|namespace| &*namespace.name).collect();
        if places.is_empty() {
            piece.differs(
                "exemptions.runtimeClasses",
                classes.join(", "),
                "left out",
                "authors of pods name runtime classes, so that exemptions for these need namespaces: give them in the input or with --namespaces",
            );
        } else {
            piece.differs(
                "exemptions.runtimeClasses",
                "exempt in all namespaces",
                "exempt in those of the dump",
                "authors of pods name runtime classes, so that exemptions for these need namespaces",
            );
            entries.push(
                json!({"name": "exempt-runtime-classes", "reason": "exempt from Pod Security admission",
                "match": {"namespaces": places, "runtimeClasses": classes}, "rules": ["pss/*"]}),
            );
        }
    }
    if !entries.is_empty() {
        piece.options.insert("exemptions".to_owned(), entries.into());
    }
    findings.pieces.push(piece);
}
