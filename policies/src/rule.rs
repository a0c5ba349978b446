//! One rule, and the order in which rules are evaluated.

use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::error::PolicyError;
use crate::names::{RoleName, SUPERUSER};
use crate::pattern::{ActionPattern, ResourcePattern};

/// The effect of a matching rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The action is denied.
    Deny,
    /// The action is allowed.
    Allow,
}

impl Effect {
    /// The effect in casbin's spelling; casbin ignores a rule with any other spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

/// One rule: one `p` row of the casbin policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Identifies the rule permanently; 1 to [`MAX_PRIORITY`].
    pub id: u32,
    /// 1 to [`MAX_PRIORITY`], lowest first; 0 only for the superuser's built-in rule.
    pub priority: u32,
    /// The role that the rule applies to.
    pub role: RoleName,
    /// The resources that the rule applies to.
    pub resource: ResourcePattern,
    /// The actions that the rule applies to.
    pub action: ActionPattern,
    /// Whether the rule allows or denies.
    pub effect: Effect,
    /// What the rule is for.
    #[serde(default, skip_serializing_if = "Description::is_empty")]
    pub description: Description,
}

/// Maximum priority and maximum id of a rule: what a PostgreSQL `integer` holds.
pub const MAX_PRIORITY: u32 = i32::MAX as u32;

impl Rule {
    /// A rule without a description.
    #[must_use]
    pub fn new(
        id: u32,
        priority: u32,
        role: RoleName,
        resource: ResourcePattern,
        action: ActionPattern,
        effect: Effect,
    ) -> Self {
        Self { id, priority, role, resource, action, effect, description: Description::default() }
    }

    /// Whether this is the superuser's built-in rule, which cannot be changed, deleted or outranked.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.priority == 0
    }

    /// Whether only a superuser may write the rule, because it applies to the server's own routes.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.resource.pattern().reaches("route:")
    }

    /// Checks what holds for a rule regardless of the rest of the policy.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        if self.id == 0 || self.id > MAX_PRIORITY {
            return Err(PolicyError::InvalidRuleId(self.id));
        }
        let builtin = self.role.as_str() == SUPERUSER
            && self.effect == Effect::Allow
            && self.resource.to_string() == "*"
            && self.action.to_string() == "*";
        if self.priority > MAX_PRIORITY || (self.priority == 0 && !builtin) {
            return Err(PolicyError::InvalidPriority(self.priority));
        }
        Ok(())
    }

    /// The casbin row: priority, role, resource, action, effect.
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

/// The rule that matched first, as one number that sorts in rule order: by priority, then deny before
/// allow, then by id. The first match of several roles is therefore their minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict(u64);

impl Verdict {
    /// No rule matched, which denies; sorts after every rule.
    pub const NONE: Self = Self(u64::MAX);

    const ALLOW: u64 = 1 << 32;

    /// The verdict if this rule matched first.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        let effect = if rule.effect == Effect::Allow { Self::ALLOW } else { 0 };
        Self(u64::from(rule.priority) << 33 | effect | u64::from(rule.id))
    }

    /// Whether the first matching rule allows.
    #[must_use]
    pub const fn allows(self) -> bool {
        self.0 != u64::MAX && self.0 & Self::ALLOW != 0
    }

    /// Id of the first matching rule; `None` if no rule matched.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are the id")]
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
        Verdict::of(&Rule::new(
            id,
            priority,
            RoleName::anonymous(),
            ResourcePattern::parse("*").unwrap(),
            ActionPattern::parse("*").unwrap(),
            effect,
        ))
    }

    #[test]
    fn verdicts_sort_in_rule_order() {
        let order = [
            rule(9, 1, Effect::Deny),
            rule(3, 1, Effect::Allow),
            rule(4, 1, Effect::Allow),
            rule(1, 2, Effect::Deny),
            rule(u32::MAX >> 1, MAX_PRIORITY, Effect::Allow),
            Verdict::NONE,
        ];
        assert!(order.is_sorted());
        assert!(order[1].allows() && !order[0].allows() && !Verdict::NONE.allows());
        assert_eq!(order[4].rule(), Some(u32::MAX >> 1));
    }
}
