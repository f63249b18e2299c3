//! What single comparisons demand.

use super::super::cel::Cel;
use super::super::fact::{Fact, Test, Values};
use super::place::{Bound, Place, list, place};

/// Whether a term never holds for what an API server sends: an element without fields, an empty text.
pub(super) fn is_void(term: &Cel, bound: &[Bound]) -> bool {
    let is_bound =
        |name: &Cel| matches!(name, Cel::Name(name) if bound.iter().any(|(known, _)| known == name));
    let Some((left, right)) = term.joined("==") else { return false };
    match (left, right) {
        (Cel::Call(None, name, arguments), Cel::Number(0)) if name == "size" => {
            matches!(arguments.as_slice(), [one] if is_bound(one))
        }
        (left, Cel::Text(text)) => text.is_empty() && is_bound(left),
        _ => false,
    }
}

/// Whether a mount is of another volume than one of type `hostPath`.
pub(super) fn other_volume(term: &Cel, bound: &[Bound]) -> Option<Place> {
    let (left, right) = term.joined("!=")?;
    let (left, right) = (place(left, bound)?, place(right, bound)?);
    match (left.path.as_str(), right.path.as_str()) {
        ("volumes[?hostPath].name", "volumeMounts[].name") => Some(right),
        ("volumeMounts[].name", "volumes[?hostPath].name") => Some(left),
        _ => None,
    }
}

/// What a single comparison demands.
pub(super) fn single(expression: &Cel, bound: &[Bound]) -> Option<Fact> {
    match expression {
        Cel::Binary(left, "in", right) => {
            let Cel::List(list) = &**right else { return None };
            let place = place(left, bound)?;
            let absent = place.default.as_ref().is_some_and(|default| list.contains(default));
            let values = list.iter().map(value).collect::<Option<Vec<_>>>()?;
            let values = values.into_iter().fold(Values::default(), Values::or);
            Some(Fact { scope: place.scope, path: place.path, absent, test: Test::In(values) })
        }
        Cel::Binary(left, operator, right) => match place(left, bound) {
            Some(place) => compared(place, operator, right),
            None => sized(left, operator, right, bound).or_else(|| folder(left, operator, right, bound)),
        },
        Cel::Call(None, name, arguments) if name == "has" => {
            let [field] = arguments.as_slice() else { return None };
            let Place { scope, path, .. } = place(field, bound)?;
            Some(Fact { scope, path, absent: false, test: Test::Present })
        }
        Cel::Call(Some(target), name, arguments) if name == "exists" || name == "exists_one" => {
            let [Cel::Name(variable), body] = arguments.as_slice() else { return None };
            if let Cel::List(list) = &**target {
                let (left, right) = body.joined("==")?;
                let field = if *left == Cel::Name(variable.clone()) { right } else { left };
                let one_of = Cel::Binary(Box::new(field.clone()), "in", Box::new(Cel::List(list.clone())));
                return single(&one_of, bound);
            }
            let Place { scope, path, .. } = list(target, bound)?;
            let path = path.strip_suffix("[]").unwrap_or(&path).to_owned();
            let (any, folded) = wanted(body, variable)?;
            Some(Fact { scope, path, absent: false, test: Test::Has { any, folded } })
        }
        _ => compared(place(expression, bound)?, "==", &Cel::Flag(true)),
    }
}

/// The names that `exists` looks for, and whether without regard to case.
fn wanted(body: &Cel, variable: &str) -> Option<(Vec<String>, bool)> {
    let (left, names) = match body {
        Cel::Binary(left, "==", right) => (left, vec![(**right).clone()]),
        Cel::Binary(left, "in", right) => match &**right {
            Cel::List(list) => (left, list.clone()),
            _ => return None,
        },
        _ => return None,
    };
    let folded = match &**left {
        Cel::Name(name) if name == variable => false,
        Cel::Call(Some(inner), name, arguments)
            if name == "upperAscii" && arguments.is_empty() && **inner == Cel::Name(variable.to_owned()) =>
        {
            true
        }
        _ => return None,
    };
    let text = |name: Cel| if let Cel::Text(text) = name { Some(text) } else { None };
    Some((names.into_iter().map(text).collect::<Option<Vec<_>>>()?, folded))
}

/// A list that is empty, or has one element, of which something is said elsewhere.
fn sized(left: &Cel, operator: &str, right: &Cel, bound: &[Bound]) -> Option<Fact> {
    let (target, number) = match (left, right) {
        (Cel::Call(Some(target), name, _), Cel::Number(number)) if name == "size" => (&**target, number),
        (Cel::Call(None, name, arguments), Cel::Number(number)) if name == "size" => {
            (arguments.first()?, number)
        }
        (Cel::Index(list, index), Cel::Text(text)) if **index == Cel::Number(0) && operator == "==" => {
            let Place { scope, path, .. } = place(list, bound)?;
            let path = format!("{path}[0]");
            return Some(Fact { scope, path, absent: false, test: Test::In(Values::text(text.clone())) });
        }
        _ => return None,
    };
    let Place { scope, path, .. } = place(target, bound)?;
    match (operator, number) {
        ("==", 0) => Some(Fact { scope, path, absent: true, test: Test::Absent }),
        ("==", 1) => Some(Fact {
            scope,
            path: format!("{path}[0]"),
            absent: false,
            test: Test::Has { any: Vec::new(), folded: false },
        }),
        _ => None,
    }
}

/// The first folder of a path.
fn folder(left: &Cel, operator: &str, right: &Cel, bound: &[Bound]) -> Option<Fact> {
    let (Cel::Index(split, index), "==", Cel::Text(folder)) = (left, operator, right) else { return None };
    let Cel::Call(Some(target), name, arguments) = &**split else { return None };
    let is_split = name == "split" && *arguments == [Cel::Text("/".to_owned())] && **index == Cel::Number(1);
    let Place { scope, path, .. } = place(target, bound).filter(|_| is_split)?;
    Some(Fact { scope, path, absent: false, test: Test::FirstFolder(folder.clone()) })
}

/// A field compared with a value.
pub(super) fn compared(place: Place, operator: &str, right: &Cel) -> Option<Fact> {
    let values = match (operator, right) {
        ("==", right) => value(right)?,
        (">", Cel::Number(number)) => Values::range(number.saturating_add(1), i64::MAX),
        (">=", Cel::Number(number)) => Values::range(*number, i64::MAX),
        ("<", Cel::Number(number)) => Values::range(i64::MIN, number.saturating_sub(1)),
        ("<=", Cel::Number(number)) => Values::range(i64::MIN, *number),
        _ => return None,
    };
    let absent = place.default.as_ref().is_some_and(|default| match default {
        Cel::Number(number) => values.ranges.iter().any(|(min, max)| (min..=max).contains(&number)),
        Cel::Text(text) => values.texts.contains(text),
        Cel::Flag(flag) => values.texts.contains(&flag.to_string()),
        _ => false,
    });
    let Place { scope, path, default } = place;
    // The empty text stands for a field that is not set.
    if default == Some(Cel::Text(String::new())) && values.is_only(&[""]) {
        return Some(Fact { scope, path, absent: true, test: Test::Absent });
    }
    Some(Fact { scope, path, absent, test: Test::In(values) })
}

fn value(literal: &Cel) -> Option<Values> {
    match literal {
        Cel::Text(text) => Some(Values::text(text.clone())),
        Cel::Number(number) => Some(Values::range(*number, *number)),
        Cel::Flag(flag) => Some(Values::text(flag.to_string())),
        _ => None,
    }
}
