//! Review of a `PersistentVolume`.

use std::fmt::Write as _;

use super::Evaluator;
use super::response::Response;
use super::stand_in::StandIn;
use crate::json::{Quoted, Read, Reader, Text, Tree, lookup};
use crate::request::Request;
use crate::rule::{Action, Violation, ViolationKind};
use crate::settings::rule_names;

/// The rules that concern volumes.
const RULES: [&str; 3] = ["volumes", "allowedHostPaths", "allowedFlexVolumes"];

/// A source that policies evaluate: its key here, and the path or the driver.
type Source<'a> = (&'static str, Text<'a>);

/// The sources of a volume that reach into nodes.
fn sources<'a>(volume: &'a str) -> Read<Vec<Source<'a>>> {
    let tree: Tree<'a> = Reader::document(volume)?;
    let mut sources = Vec::new();
    for (key, field) in [("hostPath", "path"), ("local", "path"), ("flexVolume", "driver")] {
        if !lookup::at(tree.root(), &["spec", key])?.is_null() {
            let value = lookup::text(tree.root(), &["spec", key, field])?;
            sources.push((key, value.unwrap_or_default()));
        }
    }
    Ok(sources)
}

/// A pod, as JSON, that mounts the sources for writing, as some pod may.
fn mounting(sources: &[Source<'_>]) -> String {
    let mut pod = String::from(r#"{"spec":{"containers":[{"volumeMounts":[{"name":"v"}]}],"volumes":["#);
    for (nth, (key, value)) in sources.iter().enumerate() {
        let comma = if nth == 0 { "" } else { "," };
        let (key, field) = match *key {
            "flexVolume" => ("flexVolume", "driver"),
            // A local volume is a path of its node, too.
            _ => ("hostPath", "path"),
        };
        // Writing to a String cannot fail.
        let _ = write!(pod, r#"{comma}{{"name":"v","{key}":{{"{field}":{}}}}}"#, Quoted(value));
    }
    pod.push_str("]}}");
    pod
}

/// Turns a violation by that pod into one by the volume.
fn retold(mut violation: Violation, sources: &[Source<'_>]) -> Violation {
    let volume = violation.path.strip_prefix("spec.volumes[").and_then(|rest| rest.split_once(']'));
    let (index, field) = volume.unwrap_or(("0", ""));
    let Some((key, _)) = index.parse().ok().and_then(|index: usize| sources.get(index)) else {
        return violation;
    };
    if volume.is_none() {
        // The mount exists only to ask for the right to write.
        violation.kind = ViolationKind::Forbidden;
        violation.value.clear();
        violation.detail = "the path is allowed for reading alone, and nothing keeps pods from writing to a PersistentVolume".to_owned();
    }
    // Behind the index is the source with its field, or nothing.
    let field = field.rsplit_once('.').map_or("", |(_, field)| field);
    violation.path = ["spec.", key, if field.is_empty() { "" } else { "." }, field].concat();
    violation
}

impl<'e> Evaluator<'e> {
    /// Reviews a volume of the cluster.
    pub(crate) fn review_volume(&self, on_volumes: Action, request: &Request<'_>) -> Read<Response> {
        if on_volumes == Action::Ignore {
            return Ok(Response::accepted());
        }
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let sources = sources(object)?;
        if let ("UPDATE", Some(old)) = (&*request.operation, request.old_object)
            && self::sources(old).map_err(|error| error.in_path("oldObject"))? == sources
        {
            return Ok(Response::accepted());
        }
        if sources.is_empty() {
            return Ok(Response::accepted());
        }
        let stand_in = StandIn {
            kind: "PersistentVolume",
            name: "volume",
            pod: mounting(&sources),
            rules: &RULES,
            option: rule_names::PERSISTENT_VOLUMES,
            // Pods of any namespace may mount it.
            namespace: "",
        };
        self.review_by(&stand_in, on_volumes, request, &|violation| retold(violation, &sources))
    }
}

#[cfg(test)]
mod tests;
