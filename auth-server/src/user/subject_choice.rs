//! The subject of a decision as a caller chooses it: an account, a set of roles, or a guest.

use policies::{RoleName, Snapshot};

use super::subject::{ACCOUNT_TYPE, NamedAccounts, NamedSubject, ResolvedSubject};
use crate::db::PgPool;
use crate::http::problem::{Problem, Spec};
use crate::policy::{ROLE_UNKNOWN, known_roles};

const USER_UNKNOWN: Spec =
    Spec::new(422, "user_not_found", "No account has this login or user id.");

/// Errors of an operation that takes a subject, besides [`crate::db::DATABASE`].
pub(crate) const SUBJECT: &[Spec] = &[USER_UNKNOWN, ROLE_UNKNOWN];

/// The subject of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SubjectChoice {
    /// A caller without an account.
    Guest,
    /// An account, by login or user id.
    User(String),
    /// A caller with these roles.
    Roles(Vec<String>),
}

/// What the subject is to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChosenSubject {
    /// An account with these roles, besides `anonymous`.
    Account(Vec<RoleName>),
    /// No account, but these roles, besides `anonymous`.
    Roles(Vec<RoleName>),
    /// A disabled or deleted account, to which nothing is allowed.
    Disabled,
}

impl SubjectChoice {
    /// Only an account is looked up in the database.
    ///
    /// # Errors
    /// [`SUBJECT`], or the database is unavailable.
    pub(crate) async fn resolve(
        &self,
        policy: &Snapshot,
        pool: &PgPool,
    ) -> Result<ChosenSubject, Problem> {
        match self {
            Self::Guest => Ok(ChosenSubject::Roles(Vec::new())),
            Self::Roles(names) => {
                known_roles(policy, names, "subject.roles").map(ChosenSubject::Roles)
            }
            Self::User(id) => account(id, pool).await,
        }
    }
}

async fn account(id: &str, pool: &PgPool) -> Result<ChosenSubject, Problem> {
    let unknown = || Problem::new(USER_UNKNOWN).field("subject.user");
    // No account has such a name, and PostgreSQL refuses it.
    if id.contains('\0') {
        return Err(unknown());
    }
    let subject =
        NamedSubject { kind: ACCOUNT_TYPE.to_owned(), id: id.to_owned(), roles: Vec::new() };
    let accounts = NamedAccounts::of([&subject], pool).await?;
    match accounts.resolve(&subject) {
        ResolvedSubject::Account(roles) => Ok(ChosenSubject::Account(roles)),
        ResolvedSubject::Disabled => Ok(ChosenSubject::Disabled),
        ResolvedSubject::Stranger(_) | ResolvedSubject::StatedSuperuser => Err(unknown()),
    }
}
