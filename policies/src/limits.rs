//! What a policy may not do, whoever writes it.

use std::collections::HashMap;

use crate::change::{Change, PolicyError};
use crate::names::ANONYMOUS;
use crate::policy::Policy;
use crate::rule::{Effect, Rule};

/// Names ruled on one by one, per type: what one `terms` query takes.
pub const MOST_NAMES: usize = 65_536;
/// Prefixes ruled on, per type.
pub const MOST_PREFIXES: usize = 1_000;

/// Labels and prefixes of labels ruled on. Films carry many labels, so each exception within a
/// denied prefix is a range of its own, and Elasticsearch takes a few thousand of those at once.
pub const MOST_LABELS: usize = 2_000;

/// Methods that write.
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

pub(crate) fn check(policy: &Policy, changes: &[Change]) -> Result<(), PolicyError> {
    let mut grows = false;
    for change in changes {
        let Change::RuleSet(rule) = change else { continue };
        if lets_guests_write(rule) {
            return Err(PolicyError::AnonymousWrites);
        }
        grows = true;
    }
    if grows { check_sizes(policy) } else { Ok(()) }
}

/// The server protects its own API with the policy, so no rule may open its writes to everyone.
fn lets_guests_write(rule: &Rule) -> bool {
    rule.role.as_str() == ANONYMOUS
        && rule.effect == Effect::Allow
        && rule.resource.pattern().reaches("route:/")
        && WRITES.iter().any(|method| rule.action.pattern().covers(method))
}

/// Literals and prefixes of each type fit into one search.
fn check_sizes(policy: &Policy) -> Result<(), PolicyError> {
    if policy.resources.len() <= MOST_PREFIXES {
        return Ok(());
    }
    let mut sizes: HashMap<&str, (usize, usize)> = HashMap::new();
    for named in policy.resources.iter() {
        let kind = named.text.split_once(':').map_or(named.text, |(kind, _)| kind);
        let (names, prefixes) = sizes.entry(kind).or_default();
        *(if named.is_prefix { prefixes } else { names }) += 1;
    }
    for (kind, (names, prefixes)) in sizes {
        if names > MOST_NAMES || (kind == "label" && names + prefixes > MOST_LABELS) {
            return Err(PolicyError::TooManyNames(kind.into()));
        }
        if prefixes > MOST_PREFIXES {
            return Err(PolicyError::TooManyPrefixes(kind.into()));
        }
    }
    Ok(())
}
