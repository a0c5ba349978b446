//! Earlier revisions of the policy: listed, read, compared and restored.
//!
//! Each write keeps the previous state of what it changes ([`before`]) in its transaction ([`store`]). A state
//! ([`state`]) is that of the present with the oldest kept state of everything that was changed since.
//! Grants are no part of it: restoring a revision must not bring back what was revoked.

pub(crate) mod before;
pub(crate) mod difference;
pub(crate) mod restore;
pub(crate) mod state;
pub(crate) mod store;
