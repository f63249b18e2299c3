//! What expressions demand of pods.

mod place;
mod single;

use serde_json::Value;

use super::cel::{self, Cel};
use super::deny::KEYS;
use super::fact::{Fact, Lists, Scope, Test, Unread, Values, either, inherited, merged};
use super::matching::add;
use crate::import::reach::Reach;
use place::{Bound, Place, list, place};
use single::{compared, is_void, other_volume, single};

/// What a list of validations demands, each with an `expression`.
pub(super) fn facts(
    variables: Option<&Value>,
    validations: Option<&Value>,
    at: &str,
) -> Result<Vec<Fact>, Unread> {
    let variables = inlined(variables);
    let mut facts = Vec::new();
    for (nth, one) in validations.and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("{at}[{nth}].expression");
        let text = one.get("expression").and_then(Value::as_str).unwrap_or_default();
        let expression = cel::parse(text)
            .ok_or_else(|| Unread::new(&at, "is beyond the expressions that can be read"))?
            .inlined(&variables);
        let read = holds(&expression, &[]).map_err(|part| Unread::new(&at, part))?;
        facts.extend(without_guards(&read));
    }
    if facts.is_empty() {
        return Err(Unread::new(at, "demands nothing"));
    }
    Ok(merged(facts))
}

/// Variables, each with those before it in place of their names.
pub(super) fn inlined(variables: Option<&Value>) -> Vec<(String, Cel)> {
    let mut known: Vec<(String, Cel)> = Vec::new();
    for one in variables.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        if let Some(value) = cel::parse(text("expression")) {
            let value = value.inlined(&known);
            known.push((text("name").to_owned(), value));
        }
    }
    known
}

/// Adds a condition of a rule to its reach.
pub(super) fn condition(one: &Value, of_host_paths: bool, reach: &mut Reach, at: &str) -> Result<(), Unread> {
    let text = one.get("expression").and_then(Value::as_str).unwrap_or_default();
    let Some(expression) = cel::parse(text) else {
        return Err(Unread::new(at, "is beyond the expressions that can be read"));
    };
    if let Cel::Call(Some(list), name, arguments) = &expression
        && name == "exists"
        && let [Cel::Name(variable), Cel::Call(None, has, fields)] = arguments.as_slice()
        && has == "has"
        && let [Cel::Field(of, field)] = fields.as_slice()
        && **of == Cel::Name(variable.clone())
        && field == "hostPath"
        && place::list(list, &[]).is_some_and(|base| base.path == "volumes[]")
        && of_host_paths
    {
        // Without such a volume the rule holds anyway.
        return Ok(());
    }
    let known = ["request.operation", "request.namespace", "request.userInfo.username"];
    let rest = known.iter().fold(text.to_owned(), |text, name| text.replace(name, ""));
    let reads_more = [
        "object",
        "oldObject",
        "request",
        "variables",
        "resource",
        "http",
        "globalContext",
        "image",
        "params",
    ];
    if reads_more.iter().any(|name| rest.contains(name)) {
        return Err(Unread::new(at, "reads more than the operation, the namespace and the user"));
    }
    add(reach, text.trim().to_owned());
    Ok(())
}

/// What must hold for an expression to be true; fails with the part that is not understood.
fn holds(expression: &Cel, bound: &[Bound]) -> Result<Vec<Fact>, String> {
    if expression.joined("&&").is_some() {
        let facts: Vec<Vec<Fact>> =
            expression.operands("&&").into_iter().map(|one| holds(one, bound)).collect::<Result<_, _>>()?;
        return conjunction(facts.concat());
    }
    if expression.joined("||").is_some() {
        return disjunction(&expression.operands("||"), bound);
    }
    match expression {
        Cel::Not(inner) => fails(inner, bound),
        Cel::Call(Some(target), name, arguments) if name == "all" => {
            let [Cel::Name(variable), body] = arguments.as_slice() else { return unknown() };
            let Some(mut element) = list(target, bound) else { return unknown() };
            element.default = None;
            let bound = [bound, &[(variable.clone(), element)]].concat();
            let facts = without_guards(&holds(body, &bound)?);
            // A list that is not there has no element that could fail.
            Ok(facts.into_iter().map(|fact| in_list(fact, target)).collect())
        }
        _ => single(expression, bound).map_or_else(unknown, |fact| Ok(vec![fact])),
    }
}

/// A list of values demands nothing where it is not set.
fn in_list(mut fact: Fact, target: &Cel) -> Fact {
    if let Some(path) = fact.path.strip_suffix("[]") {
        fact.path = path.to_owned();
        fact.absent |= matches!(target, Cel::Call(_, name, _) if name == "orValue");
    }
    // Ports and volumes are elements: without any, nothing fails.
    if ["volumes[].hostPath", KEYS, "securityContext.sysctls[].name"].contains(&fact.path.as_str()) {
        fact.absent = true;
    }
    fact
}

/// What must hold for an expression to be false.
fn fails(expression: &Cel, bound: &[Bound]) -> Result<Vec<Fact>, String> {
    if expression.joined("||").is_some() {
        let each = expression.operands("||").into_iter().map(|one| fails(one, bound));
        return Ok(each.collect::<Result<Vec<_>, _>>()?.concat());
    }
    match expression {
        Cel::Not(inner) => return holds(inner, bound),
        Cel::Call(None, name, arguments) if name == "has" => {
            if let [field] = arguments.as_slice()
                && let Some(Place { scope, path, .. }) = place(field, bound)
            {
                return Ok(vec![Fact { scope, path, absent: true, test: Test::Absent }]);
            }
        }
        Cel::Call(Some(target), name, arguments) if name == "hasValue" && arguments.is_empty() => {
            if let Some(Place { scope, path, .. }) = place(target, bound) {
                return Ok(vec![Fact { scope, path, absent: true, test: Test::Absent }]);
            }
        }
        _ => {
            if let Some(place) = place(expression, bound) {
                return Ok(vec![compared(place, "==", &Cel::Flag(false)).ok_or("a comparison")?]);
            }
        }
    }
    unknown()
}

fn unknown<T>() -> Result<T, String> {
    Err("compares or combines fields in a way that settings cannot say".to_owned())
}

/// Demands that hold together: ranges of one field become one, and of a list with one element this is all.
fn conjunction(mut facts: Vec<Fact>) -> Result<Vec<Fact>, String> {
    let single = facts.iter().position(|fact| matches!(&fact.test, Test::Has { any, .. } if any.is_empty()));
    if let Some(single) = single.map(|at| facts.remove(at)) {
        let element = facts.iter_mut().find(|fact| (fact.scope, &fact.path) == (single.scope, &single.path));
        let Some(element) = element else { return unknown() };
        element.path.truncate(element.path.len().saturating_sub("[0]".len()));
    }
    let mut together: Vec<Fact> = Vec::new();
    for fact in facts {
        let same = together
            .iter_mut()
            .find(|known| (known.scope, &known.path, known.absent) == (fact.scope, &fact.path, fact.absent));
        match (same, &fact.test) {
            (Some(Fact { test: Test::In(known), .. }), Test::In(values)) => *known = known.and(values),
            (Some(known), test) if known.test == *test => {}
            _ => together.push(fact),
        }
    }
    Ok(together)
}

/// Removes demands that a field be set which another demand on the field implies.
fn without_guards(facts: &[Fact]) -> Vec<Fact> {
    let is_implied = |guard: &Fact| {
        guard.test == Test::Present
            && facts.iter().any(|fact| {
                fact.scope == guard.scope
                    && !fact.absent
                    && fact != guard
                    && is_within(&fact.path, &guard.path)
            })
    };
    facts.iter().filter(|fact| !is_implied(fact)).cloned().collect()
}

/// Whether a path is another one or leads through it.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Alternatives: a field that is not set, values of one field, or a field of the pod or of its containers.
fn disjunction(terms: &[&Cel], bound: &[Bound]) -> Result<Vec<Fact>, String> {
    let mut guards = Vec::new();
    let mut rest = Vec::new();
    for term in terms {
        if is_void(term, bound) {
            continue;
        }
        if let Some(place) = other_volume(term, bound) {
            guards.push(Fact {
                scope: place.scope,
                path: "volumeMounts[]".to_owned(),
                absent: true,
                test: Test::Absent,
            });
            continue;
        }
        let facts = without_guards(&holds(term, bound)?);
        match facts.as_slice() {
            [fact] if fact.test == Test::Absent => guards.push(fact.clone()),
            _ => rest.push(facts),
        }
    }
    let no = || Err("has alternatives that settings cannot say".to_owned());
    if let [a, b] = rest.as_slice()
        && guards.is_empty()
        && let Some(fact) = inherited(a, b)
    {
        return Ok(vec![fact]);
    }
    let mut found = match rest.as_slice() {
        [] => {
            // Not set, with the fields around it or in them.
            let Some(inner) = guards.iter().max_by_key(|guard| guard.path.len()) else { return no() };
            let nested =
                guards.iter().all(|guard| guard.scope == inner.scope && is_within(&inner.path, &guard.path));
            return if nested { Ok(vec![inner.clone()]) } else { no() };
        }
        [one] => one.clone(),
        several => {
            let singles: Option<Vec<&Fact>> = several
                .iter()
                .map(|facts| if let [fact] = facts.as_slice() { Some(fact) } else { None })
                .collect();
            let Some(singles) = singles else { return no() };
            vec![
                sources(&singles)
                    .or_else(|| one_of(&singles))
                    .ok_or("has alternatives that settings cannot say")?,
            ]
        }
    };
    let joins_volumes = guards.iter().any(|guard| guard.path == "volumeMounts[]");
    for fact in &mut found {
        if joins_volumes {
            let is_read_only = fact.path == "volumeMounts[].readOnly"
                && matches!(&fact.test, Test::In(values) if values.is_only(&["true"]));
            if !is_read_only {
                return no();
            }
            (fact.test, fact.absent) = (Test::ReadOnlyMounts, true);
            continue;
        }
        // A list of containers that is not there has none that could fail.
        let is_list = |guard: &&Fact| {
            guard.scope == Scope::Pod
                && Lists::of(&guard.path).is_some_and(|list| fact.scope == Scope::Containers(list))
        };
        let guards: Vec<&Fact> = guards.iter().filter(|guard| !is_list(guard)).collect();
        if !guards.iter().all(|guard| guard.scope == fact.scope && is_within(&fact.path, &guard.path)) {
            return no();
        }
        fact.absent |= !guards.is_empty();
    }
    Ok(found)
}

/// Values of one field.
fn one_of(facts: &[&Fact]) -> Option<Fact> {
    facts.iter().map(|fact| Some((*fact).clone())).reduce(|a, b| either(&a?, &b?)).flatten()
}

/// One of the sources that an element may have: `has(volume.secret) || has(volume.configMap)`.
fn sources(facts: &[&Fact]) -> Option<Fact> {
    let mut values = Values::default();
    for fact in facts {
        let key = fact.path.strip_prefix("volumes[].").filter(|key| !key.contains('.'))?;
        (fact.test == Test::Present).then_some(())?;
        values = values.or(Values::text(key));
    }
    Some(Fact { scope: Scope::Pod, path: KEYS.to_owned(), absent: false, test: Test::In(values) })
}
