//! Who learns which resources and labels the rules name.

use serde::Deserialize;
use service::config::{Setting, text};

pub(crate) const SETTINGS: &[Setting] = &[text(
    "AUTH_FILTER_FOR",
    "filter.for",
    "everyone",
    "`everyone`, or `clients`: only service clients with the scope `filter` get search filters, which name resources and labels",
)];

/// Who gets search filters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    #[serde(rename = "for")]
    audience: Audience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Audience {
    Everyone,
    Clients,
}

impl FilterConfig {
    /// True if only service clients may learn which resources and labels the rules name.
    #[must_use]
    pub fn is_for_clients_only(&self) -> bool {
        self.audience == Audience::Clients
    }
}
