//! Labels made of other labels: the order in which rules are evaluated, and whether the result has one validity
//! period.

use std::collections::BTreeMap;

use super::{LabelRule, LabelRuleFault, TimeBound};
use crate::names::Label;

/// Sorts the rules so that each comes after the labels that it is made of, and computes which bounds the
/// validity periods of combined labels have.
///
/// # Errors
/// The rule at fault with what is wrong: a label is unknown or part of itself, or the result cannot be
/// expressed as one period.
pub(super) fn sort(
    mut pending: Vec<LabelRule>,
) -> Result<Vec<LabelRule>, Box<(LabelRule, LabelRuleFault)>> {
    let names: Vec<Label> = pending.iter().map(|rule| rule.name.clone()).collect();
    let mut sorted: Vec<LabelRule> = Vec::with_capacity(pending.len());
    let mut known: BTreeMap<Label, TimeBound> = BTreeMap::new();
    while let Some(first) = pending.first() {
        let ready = |rule: &LabelRule| rule.parts().all(|label| known.contains_key(label));
        let Some(next) = pending.iter().position(ready) else {
            return Err(Box::new(unsortable(first, &pending, &names)));
        };
        let mut rule = pending.remove(next);
        match time_bound(&rule, &known) {
            Ok(time_bound) => rule.time_bound = time_bound,
            Err(fault) => return Err(Box::new((rule, fault))),
        }
        known.insert(rule.name.clone(), rule.time_bound);
        sorted.push(rule);
    }
    Ok(sorted)
}

/// The fault of rules that wait for a label: it does not exist, or they wait for each other.
fn unsortable(
    first: &LabelRule,
    pending: &[LabelRule],
    names: &[Label],
) -> (LabelRule, LabelRuleFault) {
    let unknown = |rule: &LabelRule| rule.parts().find(|label| !names.contains(label)).cloned();
    let found = pending.iter().find_map(|rule| {
        let label = unknown(rule)?;
        Some((rule, LabelRuleFault::UnknownLabel { label, defined: names.to_vec() }))
    });
    let (rule, fault) = found.unwrap_or_else(|| cycle(first, pending));
    (rule.clone(), fault)
}

/// Follows the labels that rules wait for, until one comes for the second time.
fn cycle<'r>(first: &'r LabelRule, pending: &'r [LabelRule]) -> (&'r LabelRule, LabelRuleFault) {
    let mut path = vec![first];
    let mut rule = first;
    loop {
        let next = rule.parts().find_map(|part| pending.iter().find(|rule| rule.name == *part));
        rule = next.unwrap_or(first);
        if let Some(start) = path.iter().position(|earlier| earlier.name == rule.name) {
            let cycle = path.iter().skip(start).chain([&rule]);
            let cycle = cycle.map(|rule| rule.name.to_string()).collect::<Vec<_>>().join(" → ");
            return (rule, LabelRuleFault::Cycle(cycle));
        }
        path.push(rule);
    }
}

/// Which bounds the validity periods of a label have, given those of its parts.
fn time_bound(
    rule: &LabelRule,
    known: &BTreeMap<Label, TimeBound>,
) -> Result<TimeBound, LabelRuleFault> {
    let of = |label: &Label| known.get(label).copied().unwrap_or_default();
    let own = TimeBound { starts: rule.validity.from.is_some(), ends: rule.validity.end.is_some() };
    let mut bounds = rule.all_of.iter().fold(own, |bounds, label| bounds.or(of(label)));
    let mut first: Option<&Label> = None;
    for label in rule.any_of.iter().filter(|label| of(label).any()) {
        let alike = first.is_none_or(|first| of(first) == of(label) && !of(label).both());
        if let Some(first) = first.filter(|_| !alike) {
            return Err(LabelRuleFault::Union(first.clone(), label.clone()));
        }
        first = Some(label);
        bounds = bounds.or(of(label));
    }
    for label in &rule.none_of {
        let TimeBound { starts, ends } = of(label);
        if starts && ends {
            return Err(LabelRuleFault::Complement(label.clone()));
        }
        bounds = bounds.or(TimeBound { starts: ends, ends: starts });
    }
    Ok(bounds)
}
