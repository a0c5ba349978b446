//! What a change of the policy means for guests and users, found out without making it.
//!
//! A preview makes the change in a transaction that is rolled back, so that it is refused for the same reasons as
//! the change itself, and compares the policy before with the one after: for guests, and for the users with each
//! set of roles.

mod audience;
mod compare;
mod films;
mod report;
mod running;

pub(crate) use audience::Audience;
pub(crate) use compare::compare;
pub(crate) use films::FilmChanges;
pub(crate) use report::{CallerChanges, ChangedVerdict, PolicyPreview, UsersChanges, report};
pub(crate) use running::{PREVIEW, Previews, timed_out};
