//! A question as it comes, and its answer.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use policies::{Decision, Facts, PolicyError, Resource, RoleName, Snapshot};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::authn::Caller;
use crate::clock::Clock;
use crate::metrics::Decisions;
use crate::policy::rules::RuleInForce;
use crate::policy::{EffectiveRoles, LivePolicy};

/// The resource that is asked about.
#[derive(Deserialize, Object)]
#[oai(rename = "Resource")]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceBody {
    /// What kind of thing it is: `film`, `route`, …
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// Which one; left out when the question is about the kind as such.
    pub(crate) id: Option<String>,
    /// The labels that it carries; an empty list means none. Not together with `access`.
    pub(crate) labels: Option<Vec<String>>,
    /// The `access` object as it stands in the document, `null` included. Not together with
    /// `labels`. A film with neither counts as unlabelled.
    #[serde(default, deserialize_with = "present")]
    pub(crate) access: Option<Value>,
}

/// Tells `"access": null`, a document without labels, from no `access` at all.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Why an answer is what it is.
#[derive(Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Reason {
    /// `allowed`, `allowed_by_name`, `denied_by_rule`, `no_rule`, `label_denied`, `unlabelled` or
    /// `labels_missing`.
    code: &'static str,
    /// The label that is denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// The rule that decided; only for callers who may read the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Box<RuleInForce>>,
    /// The role that the rule speaks of; only for callers who may read the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// How the caller comes to have that role: a role of theirs, and what it inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
}

/// An answer. It holds for what was sent, and for this caller.
#[derive(Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Answer {
    /// Yes or no.
    allowed: bool,
    /// Why.
    reason: Reason,
    /// When a label begins or stops to count and the answer may turn; `null`: not by itself.
    valid_until: Option<DateTime<Utc>>,
    /// Revision of the policy that answered.
    revision: i64,
}

/// Who asks, and by what it is answered.
pub(crate) struct Evaluator<'a> {
    pub(crate) live: &'a LivePolicy,
    pub(crate) policy: &'a Snapshot,
    pub(crate) caller: &'a Caller,
    pub(crate) effective_roles: &'a EffectiveRoles,
    pub(crate) clock: &'a Clock,
    /// Read once, where a window is asked for.
    pub(crate) now: OnceCell<DateTime<Utc>>,
    pub(crate) decisions: &'a Decisions,
}

impl Evaluator<'_> {
    pub(crate) fn about(&self, action: &str, body: &ResourceBody) -> Result<Answer, PolicyError> {
        let resource = Resource::new(&body.kind, body.id.as_deref());
        let facts = match (&body.labels, &body.access) {
            (Some(labels), _) => Facts::labels(labels.iter().map(String::as_str)),
            (None, Some(access)) => {
                let now = *self.now.get_or_init(|| self.clock.now());
                Facts::access(access, self.policy.windowed(), now)
            }
            (None, None) => Facts::missing(),
        };
        let decision =
            self.policy.decide(&self.effective_roles.roles, action, &resource, &facts)?;
        self.decisions.count(decision.allowed);
        Ok(self.answer(decision))
    }

    fn answer(&self, decision: Decision) -> Answer {
        let rule = decision.rule.filter(|_| self.effective_roles.may_read_rules);
        let rule = rule.and_then(|id| self.policy.rule(id));
        let reason = Reason {
            code: decision.code.as_str(),
            label: decision.label,
            role: rule.map(|rule| rule.role.to_string()),
            path: rule.map(|rule| self.path(&rule.role)),
            rule: rule.map(|rule| Box::new(RuleInForce::from(&**rule))),
        };
        Answer {
            allowed: decision.allowed,
            reason,
            valid_until: decision.valid_until,
            revision: self.policy.revision(),
        }
    }

    fn path(&self, role: &RoleName) -> Vec<String> {
        let mut held = match self.caller {
            Caller::Guest => vec![],
            Caller::User(user) => self.live.roles(user.user, &user.roles),
        };
        held.push(RoleName::anonymous());
        self.policy.path(&held, role).iter().map(ToString::to_string).collect()
    }
}
