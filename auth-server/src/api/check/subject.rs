//! The subject of a check, and its roles.

use std::ops::Deref;
use std::sync::Arc;

use policies::{PolicyError, RoleName, Snapshot};

use crate::authn::Caller;
use crate::policy::reason::ReasonCode;
use crate::policy::{EffectiveRoles, LivePolicy};
use crate::user::subject_choice::ChosenSubject;

/// Whom a check is about.
pub(super) enum CheckSubject {
    /// The bearer of a token, or a guest.
    Caller(Caller),
    /// A subject with these roles, whom a service client names.
    Holds(Vec<RoleName>),
    /// A subject to whom nothing is allowed, and why.
    Refused(ReasonCode),
}

/// The roles of a bearer are cached with the token.
pub(super) enum Resolved {
    Own(EffectiveRoles),
    Cached(Arc<EffectiveRoles>),
}

impl CheckSubject {
    /// A subject that a service client names. Nobody can vouch for a superuser without an account.
    pub(super) fn of_client(chosen: ChosenSubject) -> Self {
        match chosen {
            ChosenSubject::Roles(roles) if roles.contains(&RoleName::superuser()) => {
                Self::Refused(ReasonCode::SuperuserRefused)
            }
            ChosenSubject::Account(roles) | ChosenSubject::Roles(roles) => Self::Holds(roles),
            ChosenSubject::Disabled => Self::Refused(ReasonCode::SubjectDisabled),
        }
    }

    /// The roles that decide.
    pub(super) fn effective_roles(
        &self,
        live: &LivePolicy,
        policy: &Snapshot,
    ) -> Result<Resolved, PolicyError> {
        match self {
            Self::Caller(Caller::User(principal)) => {
                let roles = live.effective_roles(policy, principal.user, &principal.roles);
                roles.map(Resolved::Cached)
            }
            Self::Holds(roles) => EffectiveRoles::resolve(policy, roles).map(Resolved::Own),
            Self::Caller(Caller::Guest) | Self::Refused(_) => {
                Ok(Resolved::Own(EffectiveRoles::guest(policy)))
            }
        }
    }

    /// The roles that it holds, besides `anonymous`.
    pub(super) fn held_roles(&self, live: &LivePolicy) -> Vec<RoleName> {
        match self {
            Self::Caller(Caller::User(user)) => live.roles(user.user, &user.roles),
            Self::Holds(roles) => roles.clone(),
            Self::Caller(Caller::Guest) | Self::Refused(_) => vec![],
        }
    }
}

impl Deref for Resolved {
    type Target = EffectiveRoles;

    fn deref(&self) -> &EffectiveRoles {
        match self {
            Self::Own(roles) => roles,
            Self::Cached(roles) => roles,
        }
    }
}
