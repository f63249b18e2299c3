//! Which alternatives reject which values.

use serde_json::Value;

use super::bits::Bits;
use super::component::{Component, Element, Group, World, leaves};
use super::context::Context;
use super::side::{Alternative, Focus, read};
use super::witness::assemble;

/// The values of a part in a context, evaluated.
pub(super) struct Evaluated {
    pub(super) groups: Vec<Judged>,
}

/// A group, evaluated.
pub(super) struct Judged {
    pub(super) base: Value,
    pub(super) fixed: Option<(Element, Bits)>,
    /// Each with the alternatives that reject the pod with it; with the fixed one next to it, if there is one.
    pub(super) elements: Vec<(Element, Bits)>,
    pub(super) cost: usize,
}

/// At most so many evaluations of a pod by an alternative for one part.
pub(super) const BUDGET: usize = 2_000_000;

/// Evaluates all values.
///
/// # Errors
///
/// If there are too many.
pub(super) fn evaluate(
    component: &Component,
    world: &World,
    context: Context,
    alternatives: &[&Alternative<'_>],
) -> Result<Evaluated, String> {
    let groups = (component.groups)(world, context);
    let count: usize = groups.iter().map(|group| group.elements.len() + 1).sum();
    if groups.is_empty() || count * alternatives.len() > BUDGET {
        return Err(format!("{}: there are too many values that policies tell apart", component.name));
    }
    let evaluation = Evaluation {
        context: context.pod(),
        focus: Focus::on(component),
        is_list: component.is_list,
        alternatives,
    };
    let groups: Option<Vec<Judged>> = groups.into_iter().map(|group| evaluation.group(group)).collect();
    let groups = groups.ok_or_else(|| format!("{}: a value cannot be read", component.name))?;
    Ok(Evaluated { groups })
}

struct Evaluation<'e> {
    context: Value,
    focus: Focus,
    is_list: bool,
    alternatives: &'e [&'e Alternative<'e>],
}

impl Evaluation<'_> {
    fn group(&self, group: Group) -> Option<Judged> {
        let Group { base, fixed, elements } = group;
        let rejecting = match &fixed {
            Some(fixed) => Some(self.rejecting(&base, &[fixed])?),
            None => None,
        };
        let mut judged = Vec::with_capacity(elements.len());
        for element in elements {
            let all: Vec<&Element> = fixed.iter().chain([&element]).collect();
            let bits = self.rejecting(&base, &all)?;
            judged.push((element, bits));
        }
        let cost = leaves(&base);
        Some(Judged { base, fixed: fixed.zip(rejecting), elements: judged, cost })
    }

    /// The alternatives that reject a pod with these elements.
    fn rejecting(&self, base: &Value, elements: &[&Element]) -> Option<Bits> {
        let containers: Vec<Vec<&Element>> = if self.is_list {
            vec![elements.to_vec()]
        } else {
            elements.iter().map(|element| vec![*element]).collect()
        };
        let json = assemble(&[&self.context, base], &containers).to_string();
        let pod = read(&json)?;
        let numbered = self.alternatives.iter().enumerate();
        let rejecting = numbered.filter(|(_, alternative)| alternative.rejects(&pod, &self.focus));
        Some(Bits::of(rejecting.map(|(number, _)| number)))
    }
}
