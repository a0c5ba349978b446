//! Explanations as responses and the command line have them.

use std::fmt;

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use policies::{ExplainedVerdict, Explanation, InactiveLabel, RoleName, Snapshot};
use serde::Serialize;

use crate::policy::permissions::role_set;
use crate::policy::reason::{Reason, ReasonCode};
use crate::policy::rules::RuleInForce;

/// A decision, and how it comes about.
#[derive(Serialize, Object)]
#[oai(rename = "Explanation", read_only_all)]
pub(crate) struct ExplanationView {
    /// Whether the action is allowed.
    pub(crate) allowed: bool,
    /// The reason for the decision.
    pub(crate) reason: Reason,
    /// Roles of the subject, sorted; empty for a guest and for a disabled or deleted account.
    pub(crate) roles: Vec<String>,
    /// Those roles and all that they inherit, including `anonymous`.
    pub(crate) role_set: Vec<String>,
    /// Action.
    pub(crate) action: String,
    /// Resource: `type:id`, or the type alone.
    pub(crate) resource: String,
    /// Title of the film; `null` unless it was looked up in Elasticsearch.
    pub(crate) title: Option<String>,
    /// Time of the decision.
    pub(crate) at: DateTime<Utc>,
    /// Verdict on the resource, then those on its active labels. All of them have to allow, except that an allow rule that
    /// names the film itself overrides a later rule that denies a label.
    pub(crate) verdicts: Vec<ExplainedVerdictView>,
    /// Labels of the document outside their validity period.
    pub(crate) inactive_labels: Vec<InactiveLabelView>,
    /// Rules in the order of evaluation, at most 1,000; of more, those about other resources are left out first.
    pub(crate) rules: Vec<ConsideredRuleView>,
    /// Number of rules that are left out.
    pub(crate) omitted: usize,
    /// If the action is denied: roles each of which would be enough to allow it, at most 20.
    pub(crate) allowed_for: Vec<String>,
    /// What is not known about the resource; `null` if nothing is missing.
    pub(crate) missing: Option<MissingView>,
    /// When the decision may change because the validity period of a label starts or ends; `null` if it does not
    /// change with time.
    pub(crate) valid_until: Option<DateTime<Utc>>,
    /// Policy revision that decided.
    pub(crate) revision: i64,
}

/// What the policy says about the resource itself, or about one of its labels.
#[derive(Serialize, Object)]
#[oai(rename = "ExplainedVerdict", read_only_all)]
pub(crate) struct ExplainedVerdictView {
    /// The resource, or `label:<name>`.
    pub(crate) name: String,
    /// Whether it is allowed.
    pub(crate) allowed: bool,
    /// The first rule that matches; `null` if none does, which denies.
    pub(crate) rule: Option<RuleInForce>,
    /// Inheritance path from a role of the subject to the role of that rule.
    pub(crate) path: Vec<String>,
}

/// A rule, and what became of it.
#[derive(Serialize, Object)]
#[oai(rename = "ConsideredRule", read_only_all)]
pub(crate) struct ConsideredRuleView {
    /// What became of it.
    pub(crate) outcome: RuleOutcome,
    /// The rule.
    pub(crate) rule: RuleInForce,
}

/// What became of a rule. `decides`: the first match for the resource or one of its labels; `outranked`: it matches, but
/// another rule comes first; `other_role`: the subject does not have its role; `other_action`: it is about other actions on
/// this resource; `other_resource`: it is about neither the resource nor one of its active labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Enum)]
#[oai(remote = "policies::RuleOutcome", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleOutcome {
    Decides,
    Outranked,
    OtherRole,
    OtherAction,
    #[default]
    OtherResource,
}

impl fmt::Display for RuleOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A label outside its validity period.
#[derive(Serialize, Object)]
#[oai(rename = "InactiveLabel", read_only_all)]
pub(crate) struct InactiveLabelView {
    /// Name of the label.
    pub(crate) name: String,
    /// Start of its validity period; `null` if it has none.
    pub(crate) from: Option<DateTime<Utc>>,
    /// End of its validity period; `null` if it has none.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// What is not known about a resource.
#[derive(Serialize, Object)]
#[oai(rename = "MissingFilm", read_only_all)]
pub(crate) struct MissingView {
    /// Always `film`, which counts as unlabelled.
    pub(crate) what: &'static str,
    /// Why.
    pub(crate) reason: FilmMissing,
    /// What to do.
    pub(crate) detail: &'static str,
}

/// Why a film that is named by its id alone is not known. `not_configured`: this server has no access to Elasticsearch;
/// `not_found`: the index has no film with this id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Enum)]
#[oai(rename = "MissingFilmReason", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilmMissing {
    /// Elasticsearch is not configured.
    NotConfigured,
    /// The index has no such film.
    #[default]
    NotFound,
}

impl FilmMissing {
    pub(super) const fn view(self) -> MissingView {
        let detail = match self {
            Self::NotConfigured => {
                "Set ELASTICSEARCH_URL, so that films are found by their ids, or send `labels` or `access`."
            }
            Self::NotFound => {
                "The index of films has no film with this id. Correct the id, or send `labels` or `access`."
            }
        };
        MissingView { what: "film", reason: self, detail }
    }
}

impl ExplanationView {
    /// Without a subject that has roles, nothing is allowed.
    pub(super) fn new(
        policy: &Snapshot,
        action: String,
        resource: String,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            allowed: false,
            reason: Reason::new(ReasonCode::SubjectDisabled, None),
            roles: Vec::new(),
            role_set: Vec::new(),
            action,
            resource,
            title: None,
            at,
            verdicts: Vec::new(),
            inactive_labels: Vec::new(),
            rules: Vec::new(),
            omitted: 0,
            allowed_for: Vec::new(),
            missing: None,
            valid_until: None,
            revision: policy.revision(),
        }
    }

    pub(super) fn set_inactive(&mut self, labels: Vec<InactiveLabel>) {
        let view = |InactiveLabel { label, from, until }| InactiveLabelView {
            name: label.to_string(),
            from,
            until,
        };
        self.inactive_labels = labels.into_iter().map(view).collect();
    }

    /// The decision about a subject that holds these roles.
    pub(super) fn set_explanation(
        &mut self,
        policy: &Snapshot,
        held: &[RoleName],
        explanation: Explanation,
    ) {
        let Explanation { decision, verdicts, rules, omitted, allowed_for } = explanation;
        let reason = Reason::new(decision.code, decision.label);
        self.allowed = decision.allowed;
        self.reason = reason.with_rule(policy, decision.rule, || held.to_vec());
        self.roles = names(held);
        self.role_set = names(&role_set(policy, held));
        self.verdicts = verdicts.into_iter().map(verdict).collect();
        let considered = rules.into_iter().map(|considered| ConsideredRuleView {
            outcome: considered.outcome.into(),
            rule: RuleInForce::from(&*considered.rule),
        });
        self.rules = considered.collect();
        self.omitted = omitted;
        self.allowed_for = names(&allowed_for);
        self.valid_until = decision.valid_until;
    }
}

fn verdict(explained: ExplainedVerdict) -> ExplainedVerdictView {
    let ExplainedVerdict { name, allowed, rule, path } = explained;
    let rule = rule.as_deref().map(RuleInForce::from);
    ExplainedVerdictView { name, allowed, rule, path: names(&path) }
}

fn names(roles: &[RoleName]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}
