//! ValidatingPolicies and MutatingPolicies, whose rules are expressions.

use serde_json::{Map, Value};

use super::cel::{self, Cel};
use super::exception::Exception;
use super::fact::{Fact, Unread};
use super::governed::{is_workload_resource, word};
use super::matching::{add, named, texts};
use super::policy::{Context, Outcome, standards_and_workloads};
use super::{action, celrules, demand, mutation};
use crate::import::piece::Piece;
use crate::import::reach::{Reach, requirements};
use crate::input::Object;

/// Converts a policy.
pub(super) fn convert(object: &Object, context: Context<'_>) -> Result<Outcome, Unread> {
    let spec = object.value().get("spec").cloned().unwrap_or_default();
    let left = |reason: &str| Ok(Outcome::LeftAlone(reason.to_owned()));
    if spec.pointer("/evaluation/mode").and_then(Value::as_str) == Some("JSON") {
        return left("judges no objects of Kubernetes");
    }
    if spec.pointer("/evaluation/admission/enabled") == Some(&Value::Bool(false)) {
        return left("only reports in the background");
    }
    let body = Value::Array(
        ["variables", "validations", "mutations"].iter().filter_map(|key| spec.get(key)).cloned().collect(),
    );
    if word(&body).is_none() {
        return left("checks no field that settings govern");
    }
    let Some(reach) = reach(object, &spec)? else {
        let resources = rules(&spec).flat_map(|rule| texts(rule.get("resources"))).collect::<Vec<_>>();
        if resources.iter().any(|name| is_workload_resource(name)) {
            return Err(Unread::new(
                "spec.matchConstraints",
                "a policy for workloads alone: settings judge them by their pods",
            ));
        }
        return left("is not about pods");
    };
    let mut piece = Piece::new(object, reach);
    piece.action = action::of_list(spec.get("validationActions"));
    if spec.get("mutations").is_some() {
        mutations(&spec, &mut piece)?;
    } else {
        let facts = celrules::facts(spec.get("variables"), spec.get("validations"), "spec.validations")?;
        let conditions = spec.get("matchConditions").and_then(Value::as_array);
        let of_host_paths = facts.iter().all(is_of_host_paths);
        for (nth, one) in conditions.into_iter().flatten().enumerate() {
            celrules::condition(
                one,
                of_host_paths,
                &mut piece.reach,
                &format!("spec.matchConditions[{nth}]"),
            )?;
        }
        demand::add(&facts, &facts, &mut piece).map_err(|reason| Unread::new("spec.validations", reason))?;
    }
    let exceptions: Vec<&Exception> = context.exceptions.iter().filter(|one| one.names(object)).collect();
    exceptions.iter().for_each(|exception| exception.apply(&mut piece));
    standards_and_workloads(&mut piece);
    Ok(Outcome::Converted(vec![piece]))
}

fn is_of_host_paths(fact: &Fact) -> bool {
    fact.path.starts_with("volumes[].hostPath") || fact.path.starts_with("volumeMounts")
}

fn rules(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.pointer("/matchConstraints/resourceRules").and_then(Value::as_array).into_iter().flatten()
}

/// Where the policy applies; `None` if not to pods.
fn reach(object: &Object, spec: &Value) -> Result<Option<Reach>, Unread> {
    let mut reach = Reach::default();
    if object.kind.starts_with("Namespaced") {
        reach.namespace = Some(object.namespace.clone().unwrap_or_else(|| "default".to_owned()));
    }
    let is_of_pods = |rule: &&Value| {
        let resources = texts(rule.get("resources"));
        resources
            .iter()
            .any(|name| ["pods", "*", "pods/*", "*/*", "pods/ephemeralcontainers"].contains(&name.as_str()))
    };
    let of_pods: Vec<&Value> = rules(spec).filter(is_of_pods).collect();
    if of_pods.is_empty() {
        return Ok(None);
    }
    let constraints = spec.get("matchConstraints").cloned().unwrap_or_default();
    let known = ["resourceRules", "namespaceSelector", "objectSelector", "matchPolicy"];
    let unknown =
        constraints.as_object().into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Err(Unread::new(format!("spec.matchConstraints.{key}"), "a registration cannot say it"));
    }
    if of_pods.iter().any(|rule| !texts(rule.get("resourceNames")).is_empty()) {
        return Err(Unread::new(
            "spec.matchConstraints.resourceRules",
            "a registration selects no objects by name",
        ));
    }
    let operations: Vec<String> = of_pods.iter().flat_map(|rule| texts(rule.get("operations"))).collect();
    let has = |name: &str| operations.iter().any(|operation| operation == name || operation == "*");
    match (has("CREATE"), has("UPDATE")) {
        (true, true) => {}
        (false, false) if !operations.is_empty() => return Ok(None),
        (false, false) => {}
        (create, _) => {
            let name = if create { "CREATE" } else { "UPDATE" };
            named("request.operation", &[name.to_owned()])
                .into_iter()
                .for_each(|condition| add(&mut reach, condition));
        }
    }
    reach.namespaces = requirements(constraints.get("namespaceSelector"));
    reach.objects = requirements(constraints.get("objectSelector"));
    reach.workloads = rules(spec).count() == of_pods.len() && has_autogen(spec);
    Ok(Some(reach))
}

/// Whether rules for workloads are made.
fn has_autogen(spec: &Value) -> bool {
    let controllers = spec.pointer("/autogen/podControllers/controllers").and_then(Value::as_array);
    controllers
        .is_none_or(|controllers| !controllers.is_empty() && !controllers.iter().all(|one| one == "none"))
}

/// Adds what a policy fills in.
fn mutations(spec: &Value, piece: &mut Piece) -> Result<(), Unread> {
    let list = spec.get("mutations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let no = |nth: usize| Unread::new(format!("spec.mutations[{nth}]"), mutation::BEYOND);
    if spec.get("matchConditions").is_some() {
        return Err(Unread::new(
            "spec.matchConditions",
            "a default under conditions cannot be said in settings",
        ));
    }
    for (nth, one) in list.iter().enumerate() {
        let text = one.pointer("/applyConfiguration/expression").and_then(Value::as_str);
        let expression =
            text.and_then(cel::parse).map(|read| read.inlined(&celrules::inlined(spec.get("variables"))));
        let name = expression.as_ref().and_then(runtime_class).ok_or_else(|| no(nth))?;
        mutation::runtime_class(name, true, piece);
    }
    if piece.is_empty() { Err(no(0)) } else { Ok(()) }
}

/// `Object{spec: Object.spec{runtimeClassName: "name"}}`
fn runtime_class(expression: &Cel) -> Option<&str> {
    let Cel::Struct(fields) = expression else { return None };
    let [(spec, Cel::Struct(fields))] = fields.as_slice() else { return None };
    let [(field, Cel::Text(name))] = fields.as_slice() else { return None };
    (spec == "spec" && field == "runtimeClassName").then_some(name.as_str())
}
