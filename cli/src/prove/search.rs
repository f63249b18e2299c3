//! Pods that an alternative of one side admits and all of the other side reject.
//!
//! In one context the parts of a pod are independent of each other: an alternative admits a pod if it admits each part,
//! and rejects it if it rejects one. So an alternative of one side admits a pod that all of the other side reject if its
//! admitted values, one group for each part, have every one of those among their rejecters.

use serde_json::Value;

use super::bits::Bits;
use super::component::Component;
use super::context::Context;
use super::evaluate::Evaluated;
use super::parts::{COMPONENTS, CONTEXT};
use super::pick::{Choice, Picked, cheapest, choices};
use super::witness::assemble;

/// At most so many combinations of groups are tried in one direction.
const COMBINATIONS: usize = 200_000;

/// The values of all parts in one context.
pub(super) struct InContext<'e> {
    pub(super) context: Context,
    /// In the order of [`COMPONENTS`].
    pub(super) parts: Vec<&'e Evaluated>,
}

/// A pod that should be a witness.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// What got looser: a part, or fields of the context.
    pub(super) what: String,
    pub(super) pod: Value,
    pub(super) cost: usize,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The cheapest first.
    pub(super) candidates: Vec<Candidate>,
    /// Whether the search gave up.
    pub(super) gave_up: bool,
}

/// Searches in one direction: one of `admitting` against all of `rejecting`.
pub(super) fn search(contexts: &[InContext<'_>], admitting: &[usize], rejecting: &Bits) -> Searched {
    let mut searched = Searched::default();
    let mut wide: Vec<Context> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    // Whether a pod that sets nothing is a witness.
    let mut is_plain_rejected = false;
    for within in contexts {
        let mut found: Vec<Candidate> = Vec::new();
        let is_wider = wide.iter().any(|other| other.is_within(within.context));
        for number in admitting {
            if let Some(parts) = Parts::of(within, *number, rejecting) {
                let is_rejected = parts.alone(is_wider, is_plain_rejected, &mut found);
                is_plain_rejected |= is_rejected && within.context == Context::default();
            }
        }
        if found.iter().any(|candidate| candidate.what == within.context.title()) {
            wide.push(within.context);
        }
        // What a plainer pod shows is not shown again.
        found.retain(|candidate| !known.contains(&candidate.what));
        known.extend(found.iter().map(|candidate| candidate.what.clone()));
        searched.candidates.extend(found);
    }
    if searched.candidates.is_empty() {
        let mut left = COMBINATIONS;
        for within in contexts {
            for number in admitting {
                let Some(parts) = Parts::of(within, *number, rejecting) else { continue };
                if let Some(candidate) = parts.together(&mut left) {
                    add(&mut searched.candidates, candidate);
                }
            }
        }
        searched.gave_up = left == 0;
    }
    searched.candidates.sort_by_key(|candidate| candidate.cost);
    searched
}

/// The values that one alternative admits in a context.
struct Parts<'e> {
    context: Context,
    choices: Vec<Vec<Choice<'e>>>,
    /// The cheapest value of each part.
    plain: Vec<Picked<'e>>,
    rejecting: &'e Bits,
}

impl<'e> Parts<'e> {
    /// `None` if the alternative admits nothing here.
    fn of(within: &InContext<'e>, number: usize, rejecting: &'e Bits) -> Option<Self> {
        let mut parts = Parts { context: within.context, choices: Vec::new(), plain: Vec::new(), rejecting };
        for evaluated in &within.parts {
            let choices = choices(evaluated, number, rejecting);
            parts.plain.push(cheapest(&choices, &Bits::default())?);
            parts.choices.push(choices);
        }
        Some(parts)
    }

    /// Pods in which one part is the reason to reject them, or the context is. Returns whether the plain pod is rejected.
    fn alone(&self, is_wider: bool, is_without_context: bool, found: &mut Vec<Candidate>) -> bool {
        let mut all = Bits::default();
        self.plain.iter().for_each(|picked| all.add(&picked.bits));
        let is_plain_rejected = self.rejecting.is_within(&all);
        let is_context = || {
            let own = COMPONENTS.iter().zip(&self.plain).find(|(component, _)| component.name == CONTEXT);
            own.is_some_and(|(_, picked)| self.rejecting.is_within(&picked.bits))
        };
        if is_plain_rejected
            && self.context != Context::default()
            && !is_wider
            && (!is_without_context || is_context())
        {
            add(found, self.candidate(self.context.title(), &self.plain));
        }
        for (nth, (component, choices)) in COMPONENTS.iter().zip(&self.choices).enumerate() {
            if component.name == CONTEXT {
                continue;
            }
            let mut need = self.rejecting.clone();
            if !is_plain_rejected {
                let others = self.plain.iter().enumerate().filter(|(other, _)| *other != nth);
                others.for_each(|(_, picked)| need.remove(&picked.bits));
            }
            let Some(picked) = cheapest(choices, &need) else { continue };
            let mut chosen = self.plain.clone();
            if let Some(part) = chosen.get_mut(nth) {
                *part = picked;
            }
            add(found, self.candidate(component.name.to_owned(), &chosen));
        }
        is_plain_rejected
    }

    /// A pod in which several parts together are the reason.
    fn together(&self, left: &mut usize) -> Option<Candidate> {
        let mut open = self.rejecting.clone();
        self.choices.iter().flatten().for_each(|choice| open.remove(&choice.union));
        if !open.is_empty() {
            return None;
        }
        let mut chosen = Vec::new();
        if !self.choose(self.rejecting, &mut chosen, left) {
            return None;
        }
        let mut need = self.rejecting.clone();
        let mut picked = Vec::new();
        let mut names = Vec::new();
        for (component, choice) in COMPONENTS.iter().zip(chosen) {
            let own = need.and(&choice.union);
            if !own.is_empty() {
                names.push(component.name);
            }
            let part = choice.pick(&own)?;
            need.remove(&part.bits);
            picked.push(part);
        }
        Some(self.candidate(names.join(" and "), &picked))
    }

    /// Chooses a group for each part, so that all of `need` reject one of them.
    fn choose<'c>(&'c self, need: &Bits, chosen: &mut Vec<&'c Choice<'e>>, left: &mut usize) -> bool {
        let Some(choices) = self.choices.get(chosen.len()) else { return need.is_empty() };
        let mut tried: Vec<Bits> = Vec::new();
        for choice in choices {
            let own = need.and(&choice.union);
            if tried.iter().any(|earlier| own.is_within(earlier)) {
                continue;
            }
            if *left == 0 {
                return false;
            }
            *left -= 1;
            let mut rest = need.clone();
            rest.remove(&own);
            chosen.push(choice);
            if self.choose(&rest, chosen, left) {
                return true;
            }
            chosen.pop();
            tried.push(own);
        }
        false
    }

    fn candidate(&self, what: String, parts: &[Picked<'_>]) -> Candidate {
        let length = |(component, part): (&Component, &Picked<'_>)| {
            if component.is_list { 1 } else { part.elements.len() }
        };
        let containers = COMPONENTS.iter().zip(parts).map(length).max().unwrap_or(1).max(1);
        let mut all = vec![Vec::new(); containers];
        for (component, part) in COMPONENTS.iter().zip(parts) {
            for (nth, container) in all.iter_mut().enumerate() {
                if !component.is_list {
                    container.extend(part.elements.get(nth).or(part.elements.first()).copied());
                } else if nth == 0 {
                    container.extend(part.elements.iter().copied());
                }
            }
        }
        let context = self.context.pod();
        let bases: Vec<&Value> =
            std::iter::once(&context).chain(parts.iter().map(|part| part.base)).collect();
        let cost = parts.iter().map(|part| part.cost).sum();
        Candidate { what, pod: assemble(&bases, &all), cost }
    }
}

/// Adds a candidate, unless a cheaper one shows the same.
fn add(found: &mut Vec<Candidate>, candidate: Candidate) {
    match found.iter_mut().find(|known| known.what == candidate.what) {
        Some(known) if known.cost > candidate.cost => *known = candidate,
        Some(_) => {}
        None => found.push(candidate),
    }
}
