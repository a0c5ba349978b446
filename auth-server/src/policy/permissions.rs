//! What a user's roles permit.

use poem_openapi::Object;
use policies::{ExplainedVerdict, PolicyError, RoleName, Snapshot};
use serde::Serialize;

use super::rules::RuleInForce;

/// Maximum number of verdicts.
const MAX_VERDICTS: usize = 2_000;
/// Maximum number of actions.
const MAX_ACTIONS: usize = 50;

/// What a user's roles permit.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Permissions {
    /// Roles granted to the user, sorted.
    roles: Vec<String>,
    /// Those roles and all that they inherit, including `anonymous`.
    role_set: Vec<String>,
    /// Actions that rules about films or labels name, and `read`; sorted, at most 50.
    actions: Vec<String>,
    /// Films that no rule names, then every label that rules name or that has a validity period, sorted. With
    /// `AUTH_FILTER_FOR=clients`, labels are listed only for callers who may read rules. A film is allowed if it and each of
    /// its labels are.
    resources: Vec<ResourcePermissions>,
    /// Number of labels that are left out, so that there are at most 2,000 verdicts.
    omitted: usize,
    /// Policy revision.
    revision: i64,
}

/// What roles permit on films, or on those with a label.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ResourcePermissions {
    /// `film`, or `label:<name>`.
    resource: String,
    /// A verdict for each of the actions.
    verdicts: Vec<PermissionVerdict>,
}

/// Whether an action is allowed, and the rule that decides.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct PermissionVerdict {
    /// Action.
    action: String,
    /// Whether it is allowed.
    allowed: bool,
    /// The first rule that matches; `null` if none does, which denies.
    rule: Option<RuleInForce>,
    /// Inheritance path from a role of the user to the role of that rule.
    path: Vec<String>,
}

impl PermissionVerdict {
    fn new(action: &str, explained: &ExplainedVerdict) -> Self {
        Self {
            action: action.to_owned(),
            allowed: explained.allowed,
            rule: explained.rule.as_deref().map(RuleInForce::from),
            path: explained.path.iter().map(ToString::to_string).collect(),
        }
    }
}

/// These roles and all that they inherit, including `anonymous`, sorted.
pub(crate) fn role_set(policy: &Snapshot, roles: &[RoleName]) -> Vec<RoleName> {
    let anonymous = RoleName::anonymous();
    let held = roles.iter().chain(std::iter::once(&anonymous));
    let mut role_set: Vec<RoleName> = held.flat_map(|role| policy.inherited(role)).collect();
    role_set.sort();
    role_set.dedup();
    role_set
}

/// What these roles permit; without labels unless `with_names`.
///
/// # Errors
/// The policy cannot be evaluated.
pub(crate) fn permissions(
    policy: &Snapshot,
    roles: &[RoleName],
    with_names: bool,
) -> Result<Permissions, PolicyError> {
    let mut actions = policy.film_actions();
    actions.truncate(MAX_ACTIONS);
    let row = |resource: String,
               explain: &dyn Fn(&str) -> Result<ExplainedVerdict, PolicyError>| {
        let verdict = |action: &String| Ok(PermissionVerdict::new(action, &explain(action)?));
        let verdicts = actions.iter().map(verdict).collect::<Result<_, PolicyError>>()?;
        Ok::<_, PolicyError>(ResourcePermissions { resource, verdicts })
    };
    let mut resources = vec![row("film".to_owned(), &|action| policy.film_verdict(roles, action))?];
    let labels = if with_names { policy.known_labels() } else { Vec::new() };
    let room = MAX_VERDICTS / actions.len().max(1) - 1;
    for label in labels.iter().take(room) {
        let explain = |action: &str| policy.label_verdict(roles, action, label);
        resources.push(row(format!("label:{label}"), &explain)?);
    }
    Ok(Permissions {
        roles: roles.iter().map(ToString::to_string).collect(),
        role_set: role_set(policy, roles).iter().map(ToString::to_string).collect(),
        omitted: labels.len().saturating_sub(room),
        actions,
        resources,
        revision: policy.revision(),
    })
}
