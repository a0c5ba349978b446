//! Limits that apply to every policy.

use std::collections::HashMap;

use crate::error::PolicyError;
use crate::names::ANONYMOUS;
use crate::policy::{Change, Policy};
use crate::rule::{Effect, Rule};

/// Maximum number of literal names per type: Elasticsearch accepts as many values in one `terms`
/// query.
pub const MAX_NAMES: usize = 65_536;

/// Maximum number of prefixes per type.
pub const MAX_PREFIXES: usize = 1_000;

/// Maximum number of labels and label prefixes. A film has many labels, so each exception within a
/// denied prefix needs a range of its own, and Elasticsearch accepts a few thousand ranges at most.
pub const MAX_LABELS: usize = 2_000;

const WRITE_METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

pub(crate) fn check(policy: &Policy, changes: &[Change]) -> Result<(), PolicyError> {
    let mut grows = false;
    for change in changes {
        let Change::RuleSet(rule) = change else { continue };
        if allows_anonymous_write(rule) {
            return Err(PolicyError::AnonymousWrite);
        }
        grows = true;
    }
    if grows { check_sizes(policy) } else { Ok(()) }
}

/// The policy protects the server's own API, so no rule may open a write operation to everyone.
fn allows_anonymous_write(rule: &Rule) -> bool {
    rule.role.as_str() == ANONYMOUS
        && rule.effect == Effect::Allow
        && rule.resource.pattern().reaches("route:/")
        && WRITE_METHODS.iter().any(|method| rule.action.pattern().covers(method))
}

#[derive(Default)]
struct Size {
    names: usize,
    prefixes: usize,
}

/// The names and prefixes of each type must fit into one search.
fn check_sizes(policy: &Policy) -> Result<(), PolicyError> {
    if policy.resources.len() <= MAX_PREFIXES {
        return Ok(());
    }
    let mut sizes: HashMap<&str, Size> = HashMap::new();
    for class in policy.resources.iter() {
        let kind = class.text.split_once(':').map_or(class.text, |(kind, _)| kind);
        let size = sizes.entry(kind).or_default();
        *(if class.is_prefix { &mut size.prefixes } else { &mut size.names }) += 1;
    }
    for (kind, Size { names, prefixes }) in sizes {
        if names > MAX_NAMES {
            return Err(PolicyError::TooManyNames(kind.into()));
        }
        if kind == "label" && names + prefixes > MAX_LABELS {
            return Err(PolicyError::TooManyLabels);
        }
        if prefixes > MAX_PREFIXES {
            return Err(PolicyError::TooManyPrefixes(kind.into()));
        }
    }
    Ok(())
}
