//! The second factor: what it is called, and who has to have it.

use serde::Deserialize;

use service::config::NonEmpty;
use service::config::{Setting, text};

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_SECOND_FACTOR_NAME",
        "second_factor.name",
        "films",
        "name of the site in authenticator apps and e-mail",
    ),
    text(
        "AUTH_SUPERUSER_SECOND_FACTOR",
        "second_factor.superuser",
        "optional",
        "`optional`, or `required`: superusers need a second factor for admin operations",
    ),
];

/// The second factor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorConfig {
    /// What authenticator apps show beside the login.
    pub name: NonEmpty,
    superuser: Need,
}

/// Whether a second factor is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Need {
    Optional,
    Required,
}

impl SecondFactorConfig {
    /// True where superusers have to have a second factor.
    #[must_use]
    pub fn superusers_need_it(&self) -> bool {
        self.superuser == Need::Required
    }
}
