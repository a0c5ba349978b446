//! Changes to a policy, as the journal keeps them, and why one is refused.

use serde::{Deserialize, Serialize};

use crate::names::{NameError, RoleName};
use crate::rule::Rule;

/// One change. Those of one write are applied together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A role is there from now on, with exactly this inheritance.
    RoleSet {
        /// Its name.
        name: RoleName,
        /// What it inherits directly.
        inherits: Vec<RoleName>,
    },
    /// A role is gone.
    RoleRemoved {
        /// Its name.
        name: RoleName,
    },
    /// A rule is there from now on, in place of the one with its id, if there was one.
    RuleSet(Rule),
    /// A rule is gone.
    RuleRemoved {
        /// Its id.
        id: u32,
    },
}

/// Why a policy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A name that can't be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A rule or an inheritance speaks of a role that isn't there.
    #[error("role {0} does not exist")]
    UnknownRole(RoleName),
    /// Roles inherit each other in a circle.
    #[error("role {0} would inherit itself")]
    Cycle(RoleName),
    /// More links than casbin follows.
    #[error("role {0} would stand in a chain of more than 7 links")]
    ChainTooLong(RoleName),
    /// Nobody inherits `superuser`.
    #[error("role {0} can't inherit superuser: it is given to people, one by one")]
    InheritsSuperuser(RoleName),
    /// Built-in roles and the superuser's own rule stay as they are.
    #[error("{0} is built in and can't be changed")]
    BuiltinImmutable(String),
    /// A role can't go while something speaks of it.
    #[error("role {0} is still named by {1}")]
    RoleInUse(RoleName, String),
    /// Outside 1 … 2³¹−1.
    #[error("priority {0} is not between 1 and 2147483647")]
    Priority(u32),
    /// Ids begin at 1.
    #[error("rule id {0} is not between 1 and 2147483647")]
    RuleId(u32),
    /// Guests never write through the server's own API.
    #[error("this would let guests write through the server's own API")]
    AnonymousWrites,
    /// Elasticsearch takes at most 65,536 values at once, and fewer ranges.
    #[error("more names are ruled on for type {0:?} than a search takes: 65536, or 2000 labels")]
    TooManyNames(String),
    /// A filter would grow past what a search takes.
    #[error("more than 1000 prefixes are ruled on for type {0:?}")]
    TooManyPrefixes(String),
    /// The model or a rule could not be given to casbin.
    #[error("casbin: {0}")]
    Casbin(String),
}
