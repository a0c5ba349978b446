//! What a filter depends on, so that equal filters are derived once.

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::action::Action;
use crate::classes::ClassId;
use crate::names::is_type;
use crate::snapshot::{RoleSet, Snapshot};

/// Role set, action classes and type of a filter: requests of the same class have the same filter.
/// Meaningful only for the snapshot that made it, which has finitely many for each role set, whatever
/// names callers invent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilterClass {
    roles: RoleSet,
    actions: SmallVec<[ClassId; 2]>,
    kind: TypeClass,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TypeClass {
    /// A type of which rules name resources.
    Named(SmolStr),
    /// Any other type whose resources belong to this class.
    Unnamed(ClassId),
}

impl FilterClass {
    /// Memory that this value uses, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Role sets, actions and types that are stored inline are counted twice.
        let kind = if let TypeClass::Named(kind) = &self.kind { kind.len() } else { 0 };
        let slices = size_of_val(self.roles.ids.as_slice()) + size_of_val(self.actions.as_slice());
        size_of::<Self>() + slices + kind
    }
}

impl Snapshot {
    /// The class of the filter for these arguments; `None` if the filter matches nothing because no
    /// rule applies.
    #[must_use]
    pub fn filter_class(&self, roles: &RoleSet, action: &str, kind: &str) -> Option<FilterClass> {
        if !is_type(kind) {
            return None;
        }
        let action = Action::new(action);
        let actions: SmallVec<[ClassId; 2]> =
            self.policy.action_classes(&action).iter().map(|(class, _)| *class).collect();
        if actions.is_empty() {
            return None;
        }
        let kind = if self.policy.names_resources_of(kind) {
            TypeClass::Named(kind.into())
        } else {
            TypeClass::Unnamed(self.policy.resources.class_of(&format!("{kind}:"))?)
        };
        Some(FilterClass { roles: roles.clone(), actions, kind })
    }
}
