//! The smallest change of a manifest that a policy would be satisfied by.
//!
//! Candidates for each objection are tried in order, the gentlest first, and asked of the engine: what is shown has been
//! judged. A field that is left out is gentler than one that is set, since the policy may fill it in.

use serde_json::Value;

use crate::input::{Step, steps};

/// An objection that is to go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Objection {
    pub(crate) rule: String,
    pub(crate) path: String,
    pub(crate) problem: String,
}

/// A changed manifest, and what was changed in it.
#[derive(Clone, Debug)]
pub(crate) struct Remedy {
    pub(crate) object: Value,
    pub(crate) steps: Vec<String>,
}

/// One change that may help.
#[derive(Clone, Debug)]
enum Candidate {
    Remove(Vec<Step>),
    Set(Vec<Step>, Value),
    /// Removes a volume with all that mounts it.
    Unmount(Vec<Step>, usize),
    /// Removes a text from a list.
    TakeOut(Vec<Step>, String),
    /// Adds a text to a list.
    PutIn(Vec<Step>, String),
}

/// Every objection takes one change at least; an object that needs more is to be written anew.
const MOST: usize = 64;

/// Changes an object until nobody objects; nothing if that cannot be done.
pub(crate) fn find(object: &Value, object_to: &dyn Fn(&Value) -> Vec<Objection>) -> Option<Remedy> {
    let mut remedy = Remedy { object: object.clone(), steps: Vec::new() };
    let mut left = object_to(&remedy.object);
    while let Some(first) = left.first() {
        let (candidate, changed, now) =
            candidates(&remedy.object, first).into_iter().find_map(|candidate| {
                let changed = candidate.apply(&remedy.object)?;
                let now = object_to(&changed);
                let gone = !now.contains(first) && now.len() < left.len();
                gone.then_some((candidate, changed, now))
            })?;
        remedy.steps.push(candidate.describe());
        remedy.object = changed;
        left = now;
        if remedy.steps.len() > MOST {
            return None;
        }
    }
    Some(remedy)
}

/// What may help against an objection, the gentlest first.
fn candidates(object: &Value, objection: &Objection) -> Vec<Candidate> {
    let Objection { rule, path, problem } = objection;
    let at = steps(path);
    let mut found = Vec::new();
    if let Some(wanted) =
        problem.strip_prefix("Required value: must be ").and_then(|text| serde_json::from_str(text).ok())
    {
        found.push(Candidate::Set(at.clone(), wanted));
    }
    if let Some(volume) = volume_of(&at) {
        found.push(Candidate::Unmount(volume.0, volume.1));
    }
    match &**rule {
        "allowedCapabilities" => found.push(Candidate::TakeOut(at.clone(), quoted(problem))),
        "requiredDropCapabilities" => {
            let name =
                problem.split(" is required to be dropped").next().and_then(|text| text.rsplit(": ").next());
            found.push(Candidate::PutIn(at.clone(), name.unwrap_or_default().to_owned()));
        }
        "hostPorts" => found.extend(parent(&at, 1).map(Candidate::Remove)),
        _ => {}
    }
    if let Some(check) = rule.strip_prefix("pss/") {
        found.extend(of_standard(check, &at, object));
    }
    // Options and profiles are left out as a whole.
    for whole in ["seLinuxOptions", "seccompProfile", "appArmorProfile"] {
        if let Some(end) = at.iter().position(|step| *step == Step::Key(whole.to_owned())) {
            found.extend(at.get(..=end).map(|path| Candidate::Remove(path.to_vec())));
        }
    }
    let mut places = vec![at.clone()];
    places.extend(of_pod(&at));
    for place in &places {
        found.push(Candidate::Remove(place.clone()));
    }
    if let Some(context) = parent(&at, 1).filter(|_| rule.to_lowercase().contains("privilegeescalation")) {
        found.push(Candidate::Remove(with(&context, &["privileged"])));
        found.push(Candidate::TakeOut(with(&context, &["capabilities", "add"]), "CAP_SYS_ADMIN".to_owned()));
    }
    for place in &places {
        for value in [Value::Bool(true), Value::Bool(false)] {
            found.push(Candidate::Set(place.clone(), value));
        }
        if let Some(id) = first_id(problem) {
            let value = if rule == "supplementalGroups" { Value::from(vec![id]) } else { Value::from(id) };
            found.push(Candidate::Set(place.clone(), value));
        }
        if rule == "seccomp" || rule == "appArmor" {
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "RuntimeDefault"})));
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "Unconfined"})));
        }
        if rule == "allowedProcMountTypes" {
            found.push(Candidate::Set(place.clone(), "Unmasked".into()));
        }
    }
    found
}

/// What satisfies a check of the Pod Security Standards at a container, or at the pod.
fn of_standard(check: &str, at: &[Step], object: &Value) -> Vec<Candidate> {
    let root: Vec<Step> = {
        let end = at.iter().rposition(|step| *step == Step::Key("spec".to_owned())).map_or(0, |end| end + 1);
        at.get(..end).unwrap_or_default().to_vec()
    };
    let own = |names: &[&str]| with(at, &[&["securityContext"], names].concat());
    let pod = |names: &[&str]| with(&root, &[&["securityContext"], names].concat());
    let everywhere = |names: &[&str]| vec![Candidate::Remove(own(names)), Candidate::Remove(pod(names))];
    match check {
        "privileged" => everywhere(&["privileged"]),
        "procMount" | "procMount_restricted" => everywhere(&["procMount"]),
        "windowsHostProcess" => everywhere(&["windowsOptions", "hostProcess"]),
        "seLinuxOptions" => everywhere(&["seLinuxOptions"]),
        "appArmorProfile" => everywhere(&["appArmorProfile"]),
        "runAsUser" => everywhere(&["runAsUser"]),
        "sysctls" => everywhere(&["sysctls"]),
        "hostNamespaces" => {
            ["hostNetwork", "hostPID", "hostIPC"].map(|name| Candidate::Remove(with(&root, &[name]))).into()
        }
        "hostPorts" => {
            let ports = look(object, &with(at, &["ports"])).and_then(Value::as_array).map_or(0, Vec::len);
            (0..ports)
                .map(|index| {
                    let mut path = with(at, &["ports"]);
                    path.extend([Step::Index(index), Step::Key("hostPort".to_owned())]);
                    Candidate::Remove(path)
                })
                .collect()
        }
        "hostPathVolumes" | "restrictedVolumes" => {
            let volumes =
                look(object, &with(&root, &["volumes"])).and_then(Value::as_array).map_or(0, Vec::len);
            (0..volumes).map(|index| Candidate::Unmount(root.clone(), index)).collect()
        }
        "allowPrivilegeEscalation" => vec![Candidate::Set(own(&["allowPrivilegeEscalation"]), false.into())],
        "capabilities_baseline" => everywhere(&["capabilities", "add"]),
        "capabilities_restricted" => vec![
            Candidate::Set(own(&["capabilities", "drop"]), serde_json::json!(["ALL"])),
            Candidate::Set(own(&["capabilities"]), serde_json::json!({"drop": ["ALL"]})),
        ],
        "runAsNonRoot" => {
            let set = |path| Candidate::Set(path, true.into());
            let mut found = vec![set(pod(&["runAsNonRoot"]))];
            found.extend(everywhere(&["runAsNonRoot"]));
            found.push(set(own(&["runAsNonRoot"])));
            found
        }
        "seccompProfile_baseline" => everywhere(&["seccompProfile"]),
        "seccompProfile_restricted" => {
            let set = |path| Candidate::Set(path, serde_json::json!({"type": "RuntimeDefault"}));
            let mut found = vec![set(pod(&["seccompProfile"]))];
            found.extend(everywhere(&["seccompProfile"]));
            found.push(set(own(&["seccompProfile"])));
            found
        }
        _ => Vec::new(),
    }
}

impl Candidate {
    /// The object with the change; nothing if it changes nothing.
    fn apply(&self, object: &Value) -> Option<Value> {
        let mut changed = object.clone();
        match self {
            Candidate::Remove(path) => {
                let (last, before) = path.split_last()?;
                let inside = look_mut(&mut changed, before)?;
                match (last, inside) {
                    (Step::Key(key), Value::Object(members)) => members.shift_remove(key)?,
                    (Step::Index(index), Value::Array(elements)) if *index < elements.len() => {
                        elements.remove(*index)
                    }
                    _ => return None,
                };
                prune(&mut changed, before);
            }
            Candidate::Set(path, value) => *made(&mut changed, path)? = value.clone(),
            Candidate::Unmount(spec, index) => unmount(look_mut(&mut changed, spec)?, *index)?,
            Candidate::TakeOut(path, text) => {
                let list = look_mut(&mut changed, path)?.as_array_mut()?;
                list.retain(|element| element != text.as_str());
                prune(&mut changed, path);
            }
            Candidate::PutIn(path, text) => {
                let list = made(&mut changed, path)?;
                if list.is_null() {
                    *list = Value::Array(Vec::new());
                }
                list.as_array_mut()?.push(text.as_str().into());
            }
        }
        (changed != *object).then_some(changed)
    }

    fn describe(&self) -> String {
        match self {
            Candidate::Remove(path) => format!("remove {}", written(path)),
            Candidate::Set(path, value) => format!("set {}: {value}", written(path)),
            Candidate::Unmount(spec, index) => {
                format!("remove {}.volumes[{index}] and what mounts it", written(spec))
            }
            Candidate::TakeOut(path, text) => format!("remove {text} from {}", written(path)),
            Candidate::PutIn(path, text) => format!("add {text} to {}", written(path)),
        }
    }
}

/// Takes away what holds nothing any more, up to the spec.
fn prune(object: &mut Value, path: &[Step]) {
    let mut path = path;
    while let Some((Step::Key(key), before)) = path.split_last()
        && key != "spec"
    {
        let empty = look(object, path).is_some_and(|inside| match inside {
            Value::Object(members) => members.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => false,
        });
        let Some(Value::Object(around)) = look_mut(object, before).filter(|_| empty) else { return };
        around.shift_remove(key);
        path = before;
    }
}

fn unmount(spec: &mut Value, index: usize) -> Option<()> {
    let volumes = spec.get_mut("volumes")?.as_array_mut()?;
    let name = (index < volumes.len()).then(|| volumes.remove(index))?.get("name")?.as_str()?.to_owned();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            for mounts in ["volumeMounts", "volumeDevices"] {
                if let Some(list) = container.get_mut(mounts).and_then(Value::as_array_mut) {
                    list.retain(|mount| mount.get("name").and_then(Value::as_str) != Some(&name));
                }
                prune(container, &[Step::Key(mounts.to_owned())]);
            }
        }
    }
    prune(spec, &[Step::Key("volumes".to_owned())]);
    Some(())
}

fn look<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get(key),
        Step::Index(index) => here.get(index),
    })
}

fn look_mut<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get_mut(key),
        Step::Index(index) => here.get_mut(index),
    })
}

/// What stands at a path; objects that are missing on the way are made.
fn made<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Index(index) => here.get_mut(index),
        Step::Key(key) => {
            if here.is_null() {
                *here = Value::Object(serde_json::Map::new());
            }
            Some(here.as_object_mut()?.entry(key.clone()).or_insert(Value::Null))
        }
    })
}

fn with(path: &[Step], names: &[&str]) -> Vec<Step> {
    path.iter().cloned().chain(names.iter().map(|name| Step::Key((*name).to_owned()))).collect()
}

fn parent(path: &[Step], up: usize) -> Option<Vec<Step>> {
    path.get(..path.len().checked_sub(up)?).map(<[Step]>::to_vec)
}

/// The field of the pod that a container inherits, for a field of a container.
fn of_pod(path: &[Step]) -> Option<Vec<Step>> {
    let context = path.iter().position(|step| *step == Step::Key("securityContext".to_owned()))?;
    let spec = path.iter().take(context).rposition(|step| *step == Step::Key("spec".to_owned()))?;
    if context == spec + 1 {
        return None;
    }
    let (before, after) = (path.get(..=spec)?, path.get(context..)?);
    Some([before, after].concat())
}

/// The pod's spec and the volume's index, for a path that leads into a volume.
fn volume_of(path: &[Step]) -> Option<(Vec<Step>, usize)> {
    let at = path.iter().position(|step| *step == Step::Key("volumes".to_owned()))?;
    match path.get(at + 1)? {
        Step::Index(index) => Some((path.get(..at)?.to_vec(), *index)),
        Step::Key(_) => None,
    }
}

fn quoted(problem: &str) -> String {
    problem.split('"').nth(1).unwrap_or_default().to_owned()
}

/// The first id of the ranges that a problem tells.
fn first_id(problem: &str) -> Option<i64> {
    let (_, ranges) = problem.split_once("in the ranges: ")?;
    let digits: String =
        ranges.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if key.contains(['.', '/']) => text.push_str(&format!("[{key}]")),
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    text
}
