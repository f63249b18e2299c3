//! One object of the input.

use std::sync::Arc;

use serde_json::Value;

use super::document::look;
use super::header::{Header, Metadata, Owned};
use super::json::{Survey, survey};
use super::noise::Noise;
use super::place::{Layout, Mark, steps};
use super::yaml::Remark;
use crate::error::{Error, Place};

/// An object of the input, or settings, which are not Kubernetes objects.
#[derive(Clone, Debug)]
pub struct Object {
    pub(super) file: Arc<str>,
    pub(super) layout: Layout,
    /// The object as it was written in JSON, where kubectl sends something else.
    pub(super) source: Option<String>,
    /// Constructs that readers interpret differently.
    pub(super) remarks: Vec<Remark>,
    /// Lines before it that do not belong to it.
    pub(super) noise: Vec<Noise>,
    /// The object, as JSON.
    pub json: String,
    /// `apps/v1`; empty if there is none.
    pub api_version: String,
    /// `Deployment`; empty if there is none.
    pub kind: String,
    /// `metadata.name`, else `metadata.generateName`.
    pub name: String,
    /// `metadata.namespace`
    pub namespace: Option<String>,
    /// The object that made it, if one did.
    pub(crate) made_by: Option<Owner>,
    /// Whether it comes from an API server, which sets a uid and the creation timestamp.
    pub(crate) is_live: bool,
}

/// The object that made another one: its controller, or the node of a mirror pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// `ReplicaSet`
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Metadata {
    fn made_by(&self) -> Option<Owner> {
        let is_controller = |owner: &&Owned| owner.is_controller;
        // Kubelets before 1.18 own their mirror pods without being called their controllers.
        let is_node = |owner: &&Owned| owner.kind == "Node" && owner.api_version == "v1";
        let owner = self.owners.iter().find(is_controller).or_else(|| self.owners.iter().find(is_node))?;
        Some(Owner { kind: owner.kind.clone(), name: owner.name.clone() })
    }
}

/// The fields of the header, which are texts.
const TEXTS: [&str; 5] =
    ["apiVersion", "kind", "metadata.name", "metadata.generateName", "metadata.namespace"];

/// The hint for a text that YAML resolves to another type.
const QUOTE: &str = "YAML reads y, yes, on, n, no and off as booleans, and digits as numbers: quote it";

impl Object {
    pub(super) fn new(file: &Arc<str>, json: String, layout: Layout) -> Result<Self, Error> {
        match survey(json.as_bytes()) {
            Ok(survey) => Object::surveyed(file, json, layout, survey),
            Err(_) => Err(no_object(file, &json, &layout)),
        }
    }

    /// An object whose text has been surveyed.
    pub(super) fn surveyed(
        file: &Arc<str>,
        json: String,
        layout: Layout,
        survey: Survey,
    ) -> Result<Self, Error> {
        if survey.is_odd {
            return Err(no_object(file, &json, &layout));
        }
        let Header { api_version, kind, metadata } = survey.header;
        let made_by = metadata.made_by();
        let Metadata { name, generate_name, namespace, is_live, .. } = metadata;
        Ok(Object {
            file: Arc::clone(file),
            layout,
            source: None,
            remarks: Vec::new(),
            noise: Vec::new(),
            json,
            api_version: api_version.unwrap_or_default(),
            kind: kind.unwrap_or_default(),
            name: name.or(generate_name).unwrap_or_default(),
            namespace: namespace.filter(|namespace| !namespace.is_empty()),
            made_by,
            is_live,
        })
    }

    /// The API group; empty for the core one. Workloads were of `extensions` before they were of `apps`.
    pub(crate) fn group(&self) -> &str {
        match self.api_version.split_once('/').map_or("", |(group, _)| group) {
            "extensions" if ["DaemonSet", "Deployment", "ReplicaSet"].contains(&&*self.kind) => "apps",
            group => group,
        }
    }

    /// Where the object starts.
    pub fn start(&self) -> Place {
        place(&self.file, self.layout.start())
    }

    /// The position of a field, or of its nearest existing ancestor.
    pub fn place(&self, path: &str) -> Place {
        place(&self.file, self.mark(path))
    }

    /// An object that stands inside of this one, at a path.
    ///
    /// # Errors
    ///
    /// If what stands there is not an object.
    pub(crate) fn within(&self, path: &str) -> Result<Object, Error> {
        let value = self.value();
        let Some(inner) = look(&value, &steps(path)).filter(|inner| inner.is_object()) else {
            return Err(Error::at(self.place(path), format_args!("{path} is not an object")));
        };
        let layout = self.layout.within(self.source.as_deref().unwrap_or(&self.json), path);
        Object::new(&self.file, inner.to_string(), layout)
    }

    pub(super) fn mark(&self, path: &str) -> Mark {
        self.layout.find(self.source.as_deref().unwrap_or(&self.json), path)
    }

    /// The line where the object starts.
    pub(super) fn line(&self) -> u32 {
        self.layout.start().line
    }

    /// A warning about constructs that readers interpret differently.
    pub fn warnings(&self) -> Vec<String> {
        let noise = self.noise.iter().map(|Noise { line, text }| {
            format!("line {line} is not part of the manifest and passed over: {text}")
        });
        let remarks = self.remarks.iter().map(ToString::to_string);
        noise.chain(remarks).collect()
    }

    /// The object as a tree.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// `Deployment shop/web`, for messages.
    pub fn title(&self) -> String {
        let kind = if self.kind.is_empty() { "object" } else { &self.kind };
        let name = if self.name.is_empty() { "without a name" } else { &self.name };
        match &self.namespace {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        }
    }

    /// Whether it is written in JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.layout, Layout::Json(_))
    }

    /// The hint if a text is expected at a path where YAML resolves another type.
    pub(crate) fn remedy(&self, path: &str) -> Option<&'static str> {
        let value = self.value();
        let taken = look(&value, &steps(path)).is_some_and(|here| here.is_boolean() || here.is_number());
        (!self.is_json() && taken).then_some(QUOTE)
    }

    /// A problem at a path, with the hint where a text is expected.
    pub(crate) fn hinted(&self, path: &str, problem: &str, wants_text: bool) -> String {
        match self.remedy(path).filter(|_| wants_text) {
            Some(remedy) => format!("{problem} ({remedy})"),
            None => problem.to_owned(),
        }
    }
}

pub(super) fn place(file: &Arc<str>, mark: Mark) -> Place {
    Place { file: Arc::clone(file), line: mark.line, column: mark.column }
}

/// Why a value is not an object, at the field responsible.
fn no_object(file: &Arc<str>, json: &str, layout: &Layout) -> Error {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let error = |path: &str, wanted, here: &Value| {
        let is = match here {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let error =
            Error::at(place(file, layout.find(json, path)), format_args!("{path} is {is}, not {wanted}"));
        let quotes = matches!(layout, Layout::Yaml(_)) && (here.is_boolean() || here.is_number());
        if quotes { error.help(QUOTE) } else { error }
    };
    if let Some(here) = value.get("metadata").filter(|here| !here.is_object() && !here.is_null()) {
        return error("metadata", "an object", here);
    }
    let wrong =
        |path: &&&str| look(&value, &steps(path)).is_some_and(|here| !here.is_string() && !here.is_null());
    match TEXTS.iter().find(wrong).and_then(|path| Some((path, look(&value, &steps(path))?))) {
        Some((path, here)) => error(path, "a text", here),
        None => Error::at(place(file, layout.start()), "is not a Kubernetes object"),
    }
}

#[cfg(test)]
impl Object {
    /// An object without a file.
    pub(crate) fn of_value(value: &Value) -> Self {
        let layout = Layout::Json(Mark { line: 1, column: 1 });
        Object::new(&"test".into(), value.to_string(), layout).unwrap()
    }

    /// The object in a text.
    pub(crate) fn of_text(text: &str) -> Self {
        super::Text::new("test", text.to_owned()).read_all().unwrap().remove(0)
    }
}
