//! Who may read a film with which labels: the roles of a policy, by the same code that decides in auth-server.

use std::{collections::BTreeMap, fs, io, path::Path};

use chrono::{DateTime, Utc};
use policies::{
    Facts, PolicyError, Snapshot,
    csv::{self, CsvError},
    label_rules::LabelRules,
    names::{Label, Resource, RoleName},
};
use serde_json::Value;
use thiserror::Error;

use super::Change;
use crate::label::FilmChange;

/// The roles of a policy.
pub struct Audience {
    snapshot: Snapshot,
    /// Each with the name of its row; the roles are in addition to `anonymous`.
    roles: Vec<(String, Vec<RoleName>)>,
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
}

impl Audience {
    /// Reads what `auth-server rules export` writes; `-` is standard input.
    ///
    /// # Errors
    /// [`AudienceError`].
    pub fn read(path: &Path, rules: &LabelRules) -> Result<Self, AudienceError> {
        let text = if path == Path::new("-") {
            io::read_to_string(io::stdin())?
        } else {
            fs::read_to_string(path)?
        };
        let document = csv::read(&text)?;
        if document.rules.is_empty() {
            return Err(AudienceError::Empty);
        }
        let time_bound: Vec<Label> = rules.time_bound_labels().cloned().collect();
        let snapshot = Snapshot::empty(time_bound)?.next(1, &document.changes())?;
        let guest = (RoleName::anonymous().to_string(), Vec::new());
        let own = document.roles.into_iter().map(|role| (role.name.to_string(), vec![role.name]));
        Ok(Self { snapshot, roles: [guest].into_iter().chain(own).collect() })
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|(name, _)| name.as_str())
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
        for (name, roles) in &self.roles {
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
