//! Limits that apply to every policy.

use crate::classes::{Size, kind};
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
    for change in changes {
        let Change::RuleSet(rule) = change else { continue };
        if allows_anonymous_write(rule) {
            return Err(PolicyError::AnonymousWrite);
        }
        check_size(policy, kind(rule.resource.pattern().text()))?;
    }
    Ok(())
}

/// The policy protects the server's own API, so no rule may open a write operation to everyone.
fn allows_anonymous_write(rule: &Rule) -> bool {
    rule.role.as_str() == ANONYMOUS
        && rule.effect == Effect::Allow
        && rule.resource.pattern().reaches("route:/")
        && WRITE_METHODS.iter().any(|method| rule.action.pattern().covers(method))
}

/// The names and prefixes of each type must fit into one search.
fn check_size(policy: &Policy, kind: &str) -> Result<(), PolicyError> {
    let Size { literals, prefixes } = policy.resources.size(kind);
    if literals > MAX_NAMES {
        return Err(PolicyError::TooManyNames(kind.into()));
    }
    if kind == "label" && literals + prefixes > MAX_LABELS {
        return Err(PolicyError::TooManyLabels);
    }
    if prefixes > MAX_PREFIXES {
        return Err(PolicyError::TooManyPrefixes(kind.into()));
    }
    Ok(())
}
