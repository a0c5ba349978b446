//! The rules and roles at one revision.

use std::collections::BTreeMap;

use policies::csv::{Document, RuleRow};
use policies::{Description, RoleDefinition, RoleName, Rule, Verdict};

use super::before::RoleState;
use super::store;
use crate::db::PgConnection;
use crate::http::problem::Problem;
use crate::policy::error::{REVISION_NOT_KEPT, REVISION_UNKNOWN};
use crate::policy::roles::StoredRole;
use crate::policy::{PolicyLoadError, grants, journal, load, roles};

/// Rules and roles, with their descriptions, and without grants.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyState {
    pub(super) rules: BTreeMap<u32, Rule>,
    pub(super) roles: BTreeMap<RoleName, RoleState>,
}

impl PolicyState {
    /// # Errors
    /// A stored name is invalid.
    pub(super) fn of(
        rules: impl IntoIterator<Item = Rule>,
        stored: &[StoredRole],
    ) -> Result<Self, PolicyLoadError> {
        let names: Vec<String> = stored.iter().map(|role| role.name.clone()).collect();
        let states = stored.iter().map(RoleState::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            rules: rules.into_iter().map(|rule| (rule.id, rule)).collect(),
            roles: grants::names(&names)?.into_iter().zip(states).collect(),
        })
    }

    /// The state before everything that was changed since.
    #[must_use]
    pub(crate) fn rewound(mut self, since: Since) -> Self {
        let Since { rules, roles } = since;
        for (id, rule) in rules {
            match rule {
                Some(rule) => self.rules.insert(id, rule),
                None => self.rules.remove(&id),
            };
        }
        for (name, role) in roles {
            match role {
                Some(role) => self.roles.insert(name, role),
                None => self.roles.remove(&name),
            };
        }
        self
    }

    /// The same in the form of an export.
    #[must_use]
    pub(crate) fn document(&self) -> Document {
        let defined = self.roles.iter().filter(|(name, _)| !name.is_builtin());
        let definition = |(name, role): (&RoleName, &RoleState)| RoleDefinition {
            name: name.clone(),
            inherits: role.inherits.clone(),
            description: Description::of_stored(&role.description),
        };
        let mut rules: Vec<&Rule> = self.rules.values().collect();
        rules.sort_unstable_by_key(|rule| Verdict::of(rule));
        Document {
            roles: defined.map(definition).collect(),
            rules: rules.into_iter().map(RuleRow::from).collect(),
        }
    }
}

/// What was changed since a revision, as it was then; `None` for what did not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct Since {
    pub(super) rules: Vec<(u32, Option<Rule>)>,
    pub(super) roles: Vec<(RoleName, Option<RoleState>)>,
}

impl Since {
    /// `db` must see one consistent state: a repeatable read, or the holder of the policy lock.
    ///
    /// # Errors
    /// [`crate::policy::REVISION`], among others.
    pub(crate) async fn read(db: &mut PgConnection, revision: i64) -> Result<Self, Problem> {
        let chain = store::chain(db, revision).await?;
        if revision < 0 || revision > chain.present {
            let detail = format!("The present revision is {}.", chain.present);
            return Err(Problem::new(REVISION_UNKNOWN).detail(detail));
        }
        if !chain.is_complete {
            return Err(Problem::new(REVISION_NOT_KEPT));
        }
        let rules = store::rules_at(db, revision).await?;
        Ok(Self { rules, roles: store::roles_at(db, revision).await? })
    }
}

/// The present rules and roles as stored. Parsing 100,000 rules takes long, so it is left to the caller where.
pub(crate) struct Present {
    rules: Vec<load::RuleRow>,
    roles: Vec<StoredRole>,
    /// The present revision.
    pub(crate) revision: i64,
}

impl Present {
    /// `db` must see one consistent state.
    pub(crate) async fn read(db: &mut PgConnection) -> sqlx::Result<Self> {
        let (revision, _) = journal::last(db).await?;
        let rules = load::rule_rows(db).await?;
        Ok(Self { rules, roles: roles::page(db, "", i64::MAX).await?, revision })
    }

    /// # Errors
    /// A stored rule or name is invalid.
    pub(crate) fn state(&self) -> Result<PolicyState, PolicyLoadError> {
        let rules = self.rules.iter().map(load::parse).collect::<Result<Vec<_>, _>>()?;
        PolicyState::of(rules, &self.roles)
    }
}
