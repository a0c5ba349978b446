//! A list of changes to roles, rules and grants. They are made in order, each as if it were written alone.

use poem_openapi::Object;
use policies::RoleName;
use serde::Deserialize;
use uuid::Uuid;

use super::grant::{self, grantable};
use super::role::{self, NewRole, RoleChanges};
use super::rule::{self, RuleBody, RuleSettings};
use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::optional_object;
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::policy::RULE_NOT_FOUND;
use crate::policy::role_changes::RoleSettings;
use crate::policy::write::PolicyWrite;
use crate::user::{USER_NOT_FOUND, store};

/// Maximum number of changes in a list.
const MAX_CHANGES: usize = 100;

/// One change: exactly one of the fields is set. Each is like the operation of that name.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyChange {
    /// Create a rule.
    #[serde(default, deserialize_with = "optional_object")]
    create_rule: Option<RuleBody>,
    /// Replace a rule.
    #[serde(default, deserialize_with = "optional_object")]
    update_rule: Option<RuleUpdate>,
    /// Delete a rule.
    #[serde(default, deserialize_with = "optional_object")]
    delete_rule: Option<RuleId>,
    /// Create a role. Later changes may refer to it.
    #[serde(default, deserialize_with = "optional_object")]
    create_role: Option<NewRole>,
    /// Update the description of a role, or what it inherits.
    #[serde(default, deserialize_with = "optional_object")]
    update_role: Option<RoleUpdate>,
    /// Delete a role and revoke it from all users.
    #[serde(default, deserialize_with = "optional_object")]
    delete_role: Option<Role>,
    /// Grant a role to a user.
    #[serde(default, deserialize_with = "optional_object")]
    grant_role: Option<Grant>,
    /// Revoke a role from a user.
    #[serde(default, deserialize_with = "optional_object")]
    revoke_role: Option<Grant>,
}

/// A rule to be replaced.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RuleUpdate {
    /// Id of the rule.
    id: i32,
    /// What it becomes.
    #[serde(deserialize_with = "crate::http::object")]
    rule: RuleBody,
}

/// A rule.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RuleId {
    /// Id of the rule.
    id: i32,
}

/// A role to be updated.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RoleUpdate {
    /// Name of the role.
    name: String,
    /// What changes.
    #[serde(deserialize_with = "crate::http::object")]
    role: RoleChanges,
}

/// A role.
#[derive(Deserialize, Object)]
#[oai(rename = "RoleReference")]
#[serde(deny_unknown_fields)]
struct Role {
    /// Name of the role.
    name: String,
}

/// A role of a user.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Grant {
    /// User id or login.
    user: String,
    /// Name of the role.
    role: String,
}

/// A change whose fields are valid.
enum Change {
    CreateRule(RuleSettings),
    UpdateRule(i32, RuleSettings),
    DeleteRule(i32),
    CreateRole(RoleName, RoleSettings),
    UpdateRole(RoleName, RoleSettings),
    DeleteRole(RoleName),
    GrantRole(String, RoleName),
    RevokeRole(String, RoleName),
}

/// A list of changes whose fields are valid.
pub(super) struct Changes(Vec<(String, Change)>);

impl Changes {
    /// Parses the field `changes`.
    pub(super) fn parse(changes: Vec<PolicyChange>) -> Result<Self, Problem> {
        if changes.is_empty() || changes.len() > MAX_CHANGES {
            let problem = Problem::new(FIELD).field("changes");
            return Err(problem.detail("Send 1 to 100 changes."));
        }
        let parse = |(index, change): (usize, PolicyChange)| {
            let place = format!("changes[{index}]");
            let (name, change) = change.only().map_err(|problem| within(&place, problem))?;
            let place = format!("{place}.{name}");
            let change = change.parse().map_err(|problem| within(&place, problem))?;
            Ok::<_, Problem>((place, change))
        };
        Ok(Self(changes.into_iter().enumerate().map(parse).collect::<Result<_, _>>()?))
    }

    /// Makes the changes in this write.
    ///
    /// # Errors
    /// One of them is refused, which the field of the problem tells.
    pub(super) async fn make(
        self,
        write: &mut PolicyWrite<'_>,
        caller: &AuthorizedAdmin,
    ) -> Result<Vec<AuditRecord>, Problem> {
        let mut records = Vec::with_capacity(self.0.len());
        for (place, change) in self.0 {
            let made = change.make(write, caller).await;
            records.extend(made.map_err(|problem| within(&place, problem))?);
            write.validate().await.map_err(|problem| within(&place, problem))?;
        }
        Ok(records)
    }
}

/// The problem, with its field as seen from the whole body.
fn within(place: &str, problem: Problem) -> Problem {
    let field = problem.field.as_ref().map_or(place.to_owned(), |field| format!("{place}.{field}"));
    problem.field(field)
}

/// A change of one kind, as sent.
enum Sent {
    CreateRule(RuleBody),
    UpdateRule(RuleUpdate),
    DeleteRule(RuleId),
    CreateRole(NewRole),
    UpdateRole(RoleUpdate),
    DeleteRole(Role),
    GrantRole(Grant),
    RevokeRole(Grant),
}

impl PolicyChange {
    /// The only field that is set, with its name.
    fn only(self) -> Result<(&'static str, Sent), Problem> {
        let fields = [
            ("create_rule", self.create_rule.map(Sent::CreateRule)),
            ("update_rule", self.update_rule.map(Sent::UpdateRule)),
            ("delete_rule", self.delete_rule.map(Sent::DeleteRule)),
            ("create_role", self.create_role.map(Sent::CreateRole)),
            ("update_role", self.update_role.map(Sent::UpdateRole)),
            ("delete_role", self.delete_role.map(Sent::DeleteRole)),
            ("grant_role", self.grant_role.map(Sent::GrantRole)),
            ("revoke_role", self.revoke_role.map(Sent::RevokeRole)),
        ];
        let mut set = fields.into_iter().filter_map(|(name, sent)| Some((name, sent?)));
        match (set.next(), set.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Problem::new(FIELD).detail("Set exactly one field of a change.")),
        }
    }
}

impl Sent {
    fn parse(self) -> Result<Change, Problem> {
        Ok(match self {
            Self::CreateRule(rule) => Change::CreateRule(rule.parse()?),
            Self::UpdateRule(RuleUpdate { id, rule }) => {
                Change::UpdateRule(id, rule.parse().map_err(|problem| within("rule", problem))?)
            }
            Self::DeleteRule(rule) => Change::DeleteRule(rule.id),
            Self::CreateRole(role) => {
                let (name, settings) = role.parse()?;
                Change::CreateRole(name, settings)
            }
            Self::UpdateRole(RoleUpdate { name, role }) => Change::UpdateRole(
                existing(&name)?,
                role.parse().map_err(|problem| within("role", problem))?,
            ),
            Self::DeleteRole(role) => Change::DeleteRole(existing(&role.name)?),
            Self::GrantRole(Grant { user, role }) => Change::GrantRole(user, granted(&role)?),
            Self::RevokeRole(Grant { user, role }) => Change::RevokeRole(user, granted(&role)?),
        })
    }
}

fn existing(name: &str) -> Result<RoleName, Problem> {
    role::existing(name).map_err(|problem| problem.field("name"))
}

fn granted(role: &str) -> Result<RoleName, Problem> {
    grantable(role).map_err(|problem| problem.field("role"))
}

impl Change {
    /// Makes the change; nothing if there is nothing to change.
    async fn make(
        self,
        write: &mut PolicyWrite<'_>,
        by: &AuthorizedAdmin,
    ) -> Result<Option<AuditRecord>, Problem> {
        Ok(match self {
            Self::CreateRule(row) => Some(rule::create(write, by, row).await?.record),
            Self::UpdateRule(id, row) => {
                Some(rule::update(write, by, id, None, row).await.map_err(at_id)?.record)
            }
            Self::DeleteRule(id) => Some(rule::delete(write, by, id, None).await.map_err(at_id)?),
            Self::CreateRole(name, settings) => {
                Some(role::create(write, by, name, settings).await?.record)
            }
            Self::UpdateRole(name, settings) => {
                Some(role::update(write, by, name, None, settings).await?.record)
            }
            Self::DeleteRole(name) => Some(role::delete(write, by, name, None).await?),
            Self::GrantRole(login, role) => {
                let user = user(write, &login).await?;
                grant::grant(write, by, user, &role).await?
            }
            Self::RevokeRole(login, role) => {
                let user = user(write, &login).await?;
                grant::revoke(write, by, user, &role).await?
            }
        })
    }
}

fn at_id(problem: Problem) -> Problem {
    if problem.code == RULE_NOT_FOUND.code { problem.field("id") } else { problem }
}

/// The id of a user. An id takes precedence over a login: anyone may choose a login that looks like one.
async fn user(write: &mut PolicyWrite<'_>, name: &str) -> Result<Uuid, Problem> {
    if let Ok(id) = Uuid::parse_str(name)
        && store::exists(write.db(), id).await?
    {
        return Ok(id);
    }
    let found = store::find_by_login(write.db(), name).await?;
    found.ok_or_else(|| Problem::new(USER_NOT_FOUND).field("user"))
}
