//! The resource of a check, and the decision about it.

use std::cell::OnceCell;

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use policies::{Decision, Facts, PolicyError, Resource, Snapshot, access_from_json};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::subject::CheckSubject;
use crate::clock::Clock;
use crate::metrics::Decisions;
use crate::policy::reason::{Reason, ReasonCode};
use crate::policy::{EffectiveRoles, LivePolicy};

/// The resource of a check.
#[derive(Deserialize, Object)]
#[oai(rename = "Resource")]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceBody {
    /// Resource type: `film`, `route`, …
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// Resource id; omit it to check the type as a whole.
    pub(crate) id: Option<String>,
    /// Labels of the resource; an empty list means none. Mutually exclusive with `access`.
    pub(crate) labels: Option<Vec<String>>,
    /// The `access` object exactly as in the document, including `null`. Mutually exclusive with
    /// `labels`. A film with neither is unlabelled.
    #[serde(default, deserialize_with = "present")]
    pub(crate) access: Option<Value>,
}

/// Distinguishes `"access": null`, a document without labels, from a missing `access`. Its value may be
/// what Elasticsearch stores and JSON cannot represent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(|text| Some(access_from_json(text.get())))
}

/// A decision for this caller and this resource.
#[derive(Default, Serialize, Object)]
#[oai(rename = "CheckResult", read_only_all)]
pub(crate) struct CheckResponse {
    /// Whether the action is allowed.
    allowed: bool,
    /// The reason for the decision.
    reason: Reason,
    /// When the decision may change because the validity period of a label starts or ends; `null` if
    /// it does not change with time.
    valid_until: Option<DateTime<Utc>>,
    /// Policy revision that decided.
    revision: i64,
}

/// Decides for one caller against one snapshot of the policy.
pub(crate) struct CheckContext<'a> {
    pub(crate) live: &'a LivePolicy,
    pub(crate) policy: &'a Snapshot,
    pub(super) subject: &'a CheckSubject,
    pub(crate) effective_roles: &'a EffectiveRoles,
    pub(crate) clock: &'a Clock,
    /// The time of the request, read once, and only for labels with a validity period.
    pub(crate) now: OnceCell<DateTime<Utc>>,
    pub(crate) decisions: &'a Decisions,
}

impl CheckContext<'_> {
    pub(crate) fn decide(
        &self,
        action: &str,
        body: &ResourceBody,
    ) -> Result<CheckResponse, PolicyError> {
        if let CheckSubject::Refused(code) = self.subject {
            return Ok(self.refused(*code));
        }
        let resource = Resource::new(&body.kind, body.id.as_deref());
        let facts = match (&body.labels, &body.access) {
            (Some(labels), _) => Facts::labels(labels.iter().map(String::as_str)),
            (None, Some(access)) => {
                let now = *self.now.get_or_init(|| self.clock.now());
                Facts::access(access, self.policy.time_bound_labels(), now)
            }
            (None, None) => Facts::missing(),
        };
        let roles = &self.effective_roles.roles;
        let decision = self.policy.decide(roles, action, &resource, &facts)?;
        self.decisions.count(decision.allowed);
        Ok(self.explain(decision))
    }

    fn explain(&self, decision: Decision) -> CheckResponse {
        let rule = decision.rule.filter(|_| self.effective_roles.may_read_rules);
        let reason = Reason::new(decision.code, decision.label);
        CheckResponse {
            allowed: decision.allowed,
            reason: reason.with_rule(self.policy, rule, || self.subject.held_roles(self.live)),
            valid_until: decision.valid_until,
            revision: self.policy.revision(),
        }
    }

    fn refused(&self, code: ReasonCode) -> CheckResponse {
        self.decisions.count(false);
        let reason = Reason::new(code, None);
        let revision = self.policy.revision();
        CheckResponse { allowed: false, reason, valid_until: None, revision }
    }
}
