//! The fields and lists that expressions read.

use super::super::cel::Cel;
use super::super::fact::{Lists, Scope};

/// A list or an element of it, or a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) path: String,
    /// The value where the field is not set.
    pub(super) default: Option<Cel>,
}

/// A variable of a macro, with the list that it runs over.
pub(super) type Bound = (String, Place);

/// The field that an expression reads.
pub(super) fn place(expression: &Cel, bound: &[Bound]) -> Option<Place> {
    match expression {
        Cel::Name(name) => {
            bound.iter().rev().find(|(known, _)| known == name).map(|(_, element)| element.clone())
        }
        Cel::Field(of, field) => {
            if matches!(&**of, Cel::Name(name) if name == "object") {
                return (field == "spec").then(|| Place {
                    scope: Scope::Pod,
                    path: String::new(),
                    default: None,
                });
            }
            let Place { scope, path, default } = place(of, bound)?;
            if default.is_some_and(|default| default != Cel::Map) {
                return None;
            }
            let dot = if path.is_empty() { "" } else { "." };
            Some(Place { scope, path: format!("{path}{dot}{field}"), default: None })
        }
        Cel::Call(Some(target), name, arguments) if name == "orValue" => {
            let [default] = arguments.as_slice() else { return None };
            Some(Place { default: Some(default.clone()), ..place(target, bound)? })
        }
        _ => None,
    }
}

/// The elements of a list.
pub(super) fn list(expression: &Cel, bound: &[Bound]) -> Option<Place> {
    match expression {
        Cel::Binary(left, "+", right) => {
            let (left, right) = (list(left, bound)?, list(right, bound)?);
            match (left.scope, right.scope) {
                (Scope::Containers(a), Scope::Containers(b))
                    if left.path.is_empty() && right.path.is_empty() =>
                {
                    Some(Place { scope: Scope::Containers(a.and(b)), ..left })
                }
                _ => None,
            }
        }
        // `has(x) ? x : []`
        Cel::If(condition, then, other) => {
            let is_empty = **other == Cel::List(Vec::new());
            let guards = matches!(&**condition, Cel::Call(None, name, arguments) if name == "has" && matches!(arguments.as_slice(), [field] if field == &**then));
            if is_empty && guards { list(then, bound) } else { None }
        }
        Cel::Call(Some(target), name, arguments) if name == "filter" => {
            let [Cel::Name(variable), Cel::Call(None, has, fields)] = arguments.as_slice() else {
                return None;
            };
            let element = list(target, bound)?;
            let of_volume = Cel::Field(Box::new(Cel::Name(variable.clone())), "hostPath".to_owned());
            let is_filter = element.path == "volumes[]" && has == "has" && *fields == [of_volume];
            is_filter.then(|| Place { path: "volumes[?hostPath]".to_owned(), ..element })
        }
        _ => {
            let found = place(expression, bound)?;
            if found.default.as_ref().is_some_and(|default| *default != Cel::List(Vec::new())) {
                return None;
            }
            if found.scope == Scope::Pod
                && let Some(lists) = Lists::of(&found.path)
            {
                return Some(Place { scope: Scope::Containers(lists), path: String::new(), default: None });
            }
            Some(Place { path: format!("{}[]", found.path), ..found })
        }
    }
}
