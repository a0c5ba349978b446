//! One rule, and the order in which rules are read.

use serde::{Deserialize, Serialize};

use crate::change::PolicyError;
use crate::names::{RoleName, SUPERUSER};
use crate::pattern::{ActionPattern, ResourcePattern};

/// What a matching rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// No.
    Deny,
    /// Yes.
    Allow,
}

impl Effect {
    /// As casbin spells it; any other spelling would count as neither.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

/// One row of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Identifies the rule for good; 1 or more.
    pub id: u32,
    /// Rules are read in this order, smallest first; 0 only for the superuser's built-in rule.
    pub priority: u32,
    /// The role that it speaks of.
    pub role: RoleName,
    /// The resources that it speaks of.
    pub resource: ResourcePattern,
    /// The actions that it speaks of.
    pub action: ActionPattern,
    /// What it says.
    pub effect: Effect,
}

/// Largest priority of a rule.
pub const LAST_PRIORITY: u32 = i32::MAX as u32;

impl Rule {
    /// The built-in rule of the superuser, which can't be removed, changed or outranked.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.priority == 0
    }

    /// True when only a superuser may write the rule: it speaks of the server's own routes, or of
    /// everything.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.resource.pattern().reaches("route:")
    }

    /// What holds for every rule, whatever else is in the policy.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        if self.id == 0 || self.id > LAST_PRIORITY {
            return Err(PolicyError::RuleId(self.id));
        }
        let builtin = self.role.as_str() == SUPERUSER
            && self.effect == Effect::Allow
            && self.resource.to_string() == "*"
            && self.action.to_string() == "*";
        if self.priority > LAST_PRIORITY || (self.priority == 0 && !builtin) {
            return Err(PolicyError::Priority(self.priority));
        }
        Ok(())
    }

    /// The row as casbin gets it: priority, role, resource, action, effect.
    #[must_use]
    pub fn row(&self) -> Vec<String> {
        vec![
            self.priority.to_string(),
            self.role.to_string(),
            self.resource.to_string(),
            self.action.to_string(),
            self.effect.as_str().into(),
        ]
    }
}

/// Which rule matched first, as one number: the earlier the rule, the smaller. By priority, then
/// deny before allow, then by id. So the first match of several roles is their minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict(u64);

impl Verdict {
    /// Nothing matched, which denies; after every rule.
    pub const NONE: Self = Self(u64::MAX);

    const ALLOW: u64 = 1 << 32;

    /// This rule matched first.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        let effect = if rule.effect == Effect::Allow { Self::ALLOW } else { 0 };
        Self(u64::from(rule.priority) << 33 | effect | u64::from(rule.id))
    }

    /// True when the rule that matched first allows.
    #[must_use]
    pub const fn allows(self) -> bool {
        self.0 != u64::MAX && self.0 & Self::ALLOW != 0
    }

    /// Id of the rule that matched first, if any did.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the id")]
    pub const fn rule(self) -> Option<u32> {
        if self.0 == u64::MAX { None } else { Some(self.0 as u32) }
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: u32, priority: u32, effect: Effect) -> Verdict {
        Verdict::of(&Rule {
            id,
            priority,
            role: RoleName::anonymous(),
            resource: ResourcePattern::parse("*").unwrap(),
            action: ActionPattern::parse("*").unwrap(),
            effect,
        })
    }

    #[test]
    fn earlier_rules_are_smaller() {
        let order = [
            rule(9, 1, Effect::Deny),
            rule(3, 1, Effect::Allow),
            rule(4, 1, Effect::Allow),
            rule(1, 2, Effect::Deny),
            rule(u32::MAX >> 1, LAST_PRIORITY, Effect::Allow),
            Verdict::NONE,
        ];
        assert!(order.is_sorted());
        assert!(order[1].allows() && !order[0].allows() && !Verdict::NONE.allows());
        assert_eq!(order[4].rule(), Some(u32::MAX >> 1));
    }
}
