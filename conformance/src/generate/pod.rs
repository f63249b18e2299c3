//! A pod under construction.

use serde_json::{Map, Value, json};

use super::rng::Rng;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// The three lists a container can stand in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum List {
    /// `spec.initContainers`.
    Init,
    /// `spec.containers`.
    #[default]
    Regular,
    /// `spec.ephemeralContainers`.
    Ephemeral,
}

impl List {
    /// All three, as PodSecurityPolicy visits them.
    pub(crate) const ALL: [Self; 3] = [Self::Init, Self::Regular, Self::Ephemeral];

    /// The field of the pod's spec.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container: its list, its security context, its other fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Container {
    pub(crate) list: List,
    pub(crate) name: String,
    /// Left out of the JSON while it is empty, unless `context_even_if_empty`.
    pub(crate) context: Object,
    pub(crate) context_even_if_empty: bool,
    pub(crate) fields: Object,
}

impl Container {
    /// Sets a field of the security context.
    pub(crate) fn secure(&mut self, field: &str, value: impl Into<Value>) {
        self.context.insert(field.to_owned(), value.into());
    }

    /// Appends to one of the container's lists.
    pub(crate) fn append(&mut self, field: &str, value: Value) {
        append(&mut self.fields, field, value);
    }

    fn manifest(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("name".to_owned(), Value::String(self.name.clone()));
        if self.context_even_if_empty || !self.context.is_empty() {
            fields.insert("securityContext".to_owned(), Value::Object(self.context.clone()));
        }
        Value::Object(fields)
    }
}

/// A pod: governed fields separately, and the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pod {
    pub(crate) metadata: Object,
    pub(crate) annotations: Object,
    pub(crate) context: Object,
    pub(crate) spec: Object,
    pub(crate) containers: Vec<Container>,
    pub(crate) status: Object,
}

impl Pod {
    /// Sets a field of the pod's security context.
    pub(crate) fn secure(&mut self, field: &str, value: impl Into<Value>) {
        self.context.insert(field.to_owned(), value.into());
    }

    /// Sets an annotation.
    pub(crate) fn annotate(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.annotations.insert(key.into(), Value::String(value.into()));
    }

    /// Appends to one of the spec's lists.
    pub(crate) fn append(&mut self, field: &str, value: Value) {
        append(&mut self.spec, field, value);
    }

    /// Any container. There always is one.
    pub(crate) fn any(&mut self, rng: &mut Rng) -> Option<&mut Container> {
        // All lists are equally likely, however long they are.
        let lists: Vec<List> = List::ALL
            .into_iter()
            .filter(|list| self.containers.iter().any(|one| one.list == *list))
            .collect();
        let list = rng.pick(&lists);
        let mut chosen: Vec<&mut Container> =
            self.containers.iter_mut().filter(|one| one.list == list).collect();
        let index = rng.count(1, u32::try_from(chosen.len()).unwrap_or(1).max(1)) - 1;
        (index < chosen.len()).then(|| chosen.swap_remove(index))
    }

    /// Whether the pod shares its node's network.
    pub(crate) fn host_network(&self) -> bool {
        self.spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The object as a manifest.
    pub(crate) fn manifest(&self) -> Value {
        let mut metadata = self.metadata.clone();
        if !self.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), Value::Object(self.annotations.clone()));
        }
        let mut spec = self.spec.clone();
        if !self.context.is_empty() {
            spec.insert("securityContext".to_owned(), Value::Object(self.context.clone()));
        }
        for list in List::ALL {
            let members: Vec<Value> =
                self.containers.iter().filter(|one| one.list == list).map(Container::manifest).collect();
            if !members.is_empty() {
                spec.insert(list.field().to_owned(), Value::Array(members));
            }
        }
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        if let (false, Some(pod)) = (self.status.is_empty(), pod.as_object_mut()) {
            pod.insert("status".to_owned(), Value::Object(self.status.clone()));
        }
        pod
    }
}

/// Appends to a list of an object, which is created if absent.
pub(crate) fn append(object: &mut Object, field: &str, value: Value) {
    let list = object.entry(field).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
}
