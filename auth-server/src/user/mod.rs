//! Accounts: names, profiles, credentials, and what their owners and admins see of them.

pub(crate) mod adopt;
pub(crate) mod confusable;
pub(crate) mod credentials;
pub(crate) mod deletions;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod store;
pub(crate) mod subject;
pub(crate) mod subject_choice;
pub(crate) mod user_agents;
pub(crate) mod view;

pub(crate) use names::{Genre, Login, ProfileName, in_field};
pub(crate) use profile::User;
pub(crate) use view::UserView;

use crate::http::problem::Spec;

/// No account has this id.
pub(crate) const USER_NOT_FOUND: Spec = Spec::new(404, "user_not_found", "User not found.");

/// Errors of an operation on a user.
pub(crate) const USER_LOOKUP: &[Spec] = &[USER_NOT_FOUND];
