//! The cheapest values of a part that one alternative admits and others reject.

use serde_json::Value;

use super::bits::Bits;
use super::component::Element;
use super::evaluate::{Evaluated, Judged};

/// Up to so many elements are tried in pairs.
const PAIRED: usize = 600;

/// A group that an alternative admits, with the elements that it admits.
pub(super) struct Choice<'e> {
    pub(super) base: &'e Value,
    fixed: Option<&'e Element>,
    /// The elements, and the alternatives of the other side that reject each. The fixed one alone is the first.
    atoms: Vec<Atom<'e>>,
    /// The alternatives of the other side that reject one of them.
    pub(super) union: Bits,
    cost: usize,
}

struct Atom<'e> {
    element: Option<&'e Element>,
    bits: Bits,
    cost: usize,
}

/// Values of a part.
#[derive(Clone)]
pub(super) struct Picked<'e> {
    pub(super) base: &'e Value,
    pub(super) elements: Vec<&'e Element>,
    pub(super) bits: Bits,
    pub(super) cost: usize,
}

/// The groups that an alternative admits.
pub(super) fn choices<'e>(evaluated: &'e Evaluated, admitting: usize, target: &Bits) -> Vec<Choice<'e>> {
    evaluated.groups.iter().filter_map(|group| choice(group, admitting, target)).collect()
}

fn choice<'e>(group: &'e Judged, admitting: usize, target: &Bits) -> Option<Choice<'e>> {
    let atom = |element: Option<&'e Element>, bits: &Bits| Atom {
        element,
        bits: bits.and(target),
        cost: element.map_or(0, Element::cost),
    };
    let mut atoms = Vec::new();
    if let Some((_, bits)) = &group.fixed {
        if bits.has(admitting) {
            return None;
        }
        atoms.push(atom(None, bits));
    }
    let admitted = group.elements.iter().filter(|(_, bits)| !bits.has(admitting));
    atoms.extend(admitted.map(|(element, bits)| atom(Some(element), bits)));
    if atoms.is_empty() {
        return None;
    }
    let mut union = Bits::default();
    atoms.iter().for_each(|atom| union.add(&atom.bits));
    let fixed = group.fixed.as_ref().map(|(element, _)| element);
    let cost = group.cost + fixed.map_or(0, Element::cost);
    Some(Choice { base: &group.base, fixed, atoms, union, cost })
}

impl<'e> Choice<'e> {
    /// The cheapest elements that all of `need` reject; `None` if there are none.
    pub(super) fn pick(&self, need: &Bits) -> Option<Picked<'e>> {
        if !need.is_within(&self.union) {
            return None;
        }
        let singles = self.atoms.iter().filter(|atom| need.is_within(&atom.bits));
        if let Some(single) = singles.min_by_key(|atom| atom.cost) {
            return Some(self.picked(&[single]));
        }
        let mut best: Option<(usize, [&Atom<'e>; 2])> = None;
        if self.atoms.len() <= PAIRED {
            for (nth, one) in self.atoms.iter().enumerate() {
                for other in self.atoms.iter().skip(nth + 1) {
                    let cost = one.cost + other.cost;
                    let is_cheaper = best.as_ref().is_none_or(|(least, _)| cost < *least);
                    if is_cheaper && need.is_within(&one.bits.or(&other.bits)) {
                        best = Some((cost, [one, other]));
                    }
                }
            }
        }
        if let Some((_, pair)) = best {
            return Some(self.picked(&pair));
        }
        let mut rest = need.clone();
        let mut atoms = Vec::new();
        while !rest.is_empty() {
            let most =
                self.atoms.iter().max_by_key(|atom| (atom.bits.shared(&rest), usize::MAX - atom.cost))?;
            rest.remove(&most.bits);
            atoms.push(most);
        }
        Some(self.picked(&atoms))
    }

    fn picked(&self, atoms: &[&Atom<'e>]) -> Picked<'e> {
        let elements = self.fixed.into_iter().chain(atoms.iter().filter_map(|atom| atom.element)).collect();
        let mut bits = Bits::default();
        atoms.iter().for_each(|atom| bits.add(&atom.bits));
        Picked {
            base: self.base,
            elements,
            bits,
            cost: self.cost + atoms.iter().map(|atom| atom.cost).sum::<usize>() + (atoms.len() - 1),
        }
    }
}

/// The cheapest values of any of these groups that all of `need` reject.
pub(super) fn cheapest<'e>(choices: &[Choice<'e>], need: &Bits) -> Option<Picked<'e>> {
    choices.iter().filter_map(|choice| choice.pick(need)).min_by_key(|picked| picked.cost)
}
