//! What the rules of a snapshot name.

use super::Snapshot;
use crate::names::{Resource, is_type};

impl Snapshot {
    /// The ids of the resources of this type that rules name, sorted.
    #[must_use]
    pub fn named_ids(&self, kind: &str) -> Vec<&str> {
        if !is_type(kind) {
            return Vec::new();
        }
        let literals = self.policy.resources.literals();
        let ids = literals.filter_map(|name| name.strip_prefix(kind)?.strip_prefix(':'));
        sorted(ids.collect())
    }

    /// The actions that rules name, sorted.
    #[must_use]
    pub fn named_actions(&self) -> Vec<&str> {
        sorted(self.policy.actions.literals().collect())
    }

    /// Whether a rule names the resource, or a prefix of it other than that of everything.
    #[must_use]
    pub fn is_named(&self, resource: &Resource) -> bool {
        self.policy.resources.covers_with(1, resource.as_str())
    }
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}
