//! Accounts, under the site's own paths. auth-server alone keeps them: what is listed here is forwarded
//! to it, and nothing else (docs/decisions/0020-accounts-through-movie-api.md).

mod answer;
mod forward;
mod login;
mod logout;
mod messages;
mod operation;
mod origin;
mod password;
pub(crate) mod problems;
mod profile;
mod refresh;
mod register;
mod tokens;

use std::sync::Arc;

use poem_openapi::Tags;

use crate::authorization::Authorization;
use crate::catalogue::Catalogue;
use crate::config::AuthConfig;
use crate::metrics::AuthMetrics;
use forward::Forwarder;

#[derive(Tags)]
enum Tag {
    /// Accounts, sessions and profiles, kept by auth-server.
    Accounts,
}

/// The operations.
pub(crate) type Api = (
    register::Register,
    login::LogIn,
    refresh::Refresh,
    logout::LogOut,
    messages::Messages,
    profile::User,
    password::Password,
);

/// The body of a forwarded request that has none.
const NO_BODY: Option<&()> = None;

/// What the operations work with.
pub(crate) struct Accounts {
    forwarder: Forwarder,
    authorization: Arc<Authorization>,
    catalogue: Arc<Catalogue>,
}

impl Accounts {
    /// # Errors
    /// The HTTP client cannot be built.
    pub(crate) fn new(
        config: &AuthConfig,
        metrics: AuthMetrics,
        authorization: Arc<Authorization>,
        catalogue: Arc<Catalogue>,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { forwarder: Forwarder::new(config, metrics)?, authorization, catalogue })
    }

    /// The operations on these accounts.
    pub(crate) fn api(self) -> Api {
        let this = Arc::new(self);
        (
            register::Register(Arc::clone(&this)),
            login::LogIn(Arc::clone(&this)),
            refresh::Refresh(Arc::clone(&this)),
            logout::LogOut(Arc::clone(&this)),
            messages::Messages(Arc::clone(&this)),
            profile::User(Arc::clone(&this)),
            password::Password(this),
        )
    }
}
