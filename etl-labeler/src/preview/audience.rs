//! Who may read a film with which labels: the roles of a policy, by the same code that decides in auth-server.

use std::{collections::BTreeMap, io};

use chrono::{DateTime, Utc};
use policies::{
    Facts, PolicyError, Snapshot,
    csv::{self, CsvError},
    label_rules::LabelRules,
    names::{Label, NameError, Resource, RoleName},
};
use serde_json::Value;
use thiserror::Error;

use super::Change;
use super::policy::{PolicyServerError, PolicyText, RoleSet};
use crate::label::FilmChange;

/// The roles of a policy.
pub struct Audience {
    snapshot: Snapshot,
    viewers: Vec<Viewers>,
}

/// Those who have the same roles.
struct Viewers {
    /// The roles, as in the preview.
    name: String,
    /// In addition to `anonymous`.
    roles: Vec<RoleName>,
    /// How many users have exactly these roles, if that is known.
    users: Option<u64>,
}

/// A policy that cannot be used.
#[derive(Debug, Error)]
pub enum AudienceError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line is invalid.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Nobody could read anything; more likely the program that should have written it failed.
    #[error("it has no rules")]
    Empty,
    /// The policy as a whole is invalid.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// auth-server does not answer.
    #[error(transparent)]
    Server(#[from] PolicyServerError),
    /// A role of auth-server has an invalid name.
    #[error(transparent)]
    Role(#[from] NameError),
}

impl Audience {
    /// The roles of this policy, and the sets of roles that users have.
    ///
    /// # Errors
    /// [`AudienceError`].
    pub fn new(policy: &PolicyText, rules: &LabelRules) -> Result<Self, AudienceError> {
        let document = csv::read(&policy.rules)?;
        if document.rules.is_empty() {
            return Err(AudienceError::Empty);
        }
        let time_bound: Vec<Label> = rules.time_bound_labels().cloned().collect();
        let snapshot = Snapshot::empty(time_bound)?.next(1, &document.changes())?;
        let guest = Viewers::new(Vec::new(), None);
        // Of each role also how many users have it alone, be it none.
        let users = policy.role_sets.as_ref().map(|_| 0);
        let own = document.roles.into_iter().map(|role| Viewers::new(vec![role.name], users));
        let mut viewers: Vec<Viewers> = [guest].into_iter().chain(own).collect();
        for set in policy.role_sets.iter().flatten() {
            let of_users = Viewers::of(set)?;
            viewers.retain(|viewers| viewers.name != of_users.name);
            viewers.push(of_users);
        }
        Ok(Self { snapshot, viewers })
    }

    /// The rows of a preview, without any change.
    pub(super) fn rows(&self) -> BTreeMap<String, Change> {
        let row = |viewers: &Viewers| {
            (viewers.name.clone(), Change { users: viewers.users, ..Change::default() })
        };
        self.viewers.iter().map(row).collect()
    }

    /// Counts for each role whether the change opens or closes the film to it.
    pub(super) fn add(
        &self,
        change: &FilmChange,
        after: &Value,
        now: DateTime<Utc>,
        samples: usize,
        counts: &mut BTreeMap<String, Change>,
    ) -> Result<(), PolicyError> {
        for Viewers { name, roles, .. } in &self.viewers {
            let may_read = |access| self.may_read(roles, &change.id, access, now);
            let (before, after) = (may_read(&change.before)?, may_read(after)?);
            let Some(count) = counts.get_mut(name) else { continue };
            match (before, after) {
                (false, true) => count.gain(&change.id, samples),
                (true, false) => count.lose(&change.id, samples),
                _ => {}
            }
        }
        Ok(())
    }

    fn may_read(
        &self,
        roles: &[RoleName],
        id: &str,
        access: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, PolicyError> {
        let facts = Facts::access(access, self.snapshot.time_bound_labels(), now);
        let film = Resource::new("film", Some(id));
        let roles = self.snapshot.role_set(roles);
        Ok(self.snapshot.decide(&roles, "read", &film, &facts)?.allowed)
    }
}

impl Viewers {
    fn new(roles: Vec<RoleName>, users: Option<u64>) -> Self {
        let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
        let name = if names.is_empty() { "anonymous".to_owned() } else { names.join(" + ") };
        Self { name, roles, users }
    }

    fn of(RoleSet { roles, users }: &RoleSet) -> Result<Self, NameError> {
        let roles = roles.iter().map(|role| RoleName::parse(role)).collect::<Result<_, _>>()?;
        Ok(Self::new(roles, Some(*users)))
    }
}
