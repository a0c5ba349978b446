//! Callers whose sessions last as long as the run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::Load;
use crate::http::{At, Reply};
use crate::recorder::Category;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery staple 17";

/// Well within the life of an access token.
const INTERVAL: Duration = Duration::from_mins(1);

/// A caller with known rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    Guest,
    /// A user without a role.
    Viewer,
    /// A user with the role `subscriber`.
    Member,
    Superuser,
}

impl Identity {
    pub(crate) const ALL: [Self; 4] = [Self::Guest, Self::Viewer, Self::Member, Self::Superuser];

    /// The login; none of a guest.
    pub(crate) fn login(self) -> Option<&'static str> {
        match self {
            Self::Guest => None,
            Self::Viewer => Some("viewer"),
            Self::Member => Some("member"),
            Self::Superuser => Some("root"),
        }
    }
}

/// The access token of each identity.
#[derive(Default)]
pub(crate) struct Identities(Mutex<BTreeMap<Identity, String>>);

impl Identities {
    /// The present access token; none of a guest.
    pub(crate) fn token(&self, identity: Identity) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&identity).cloned()
    }

    fn set(&self, identity: Identity, token: &str) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(identity, token.to_owned());
    }
}

impl Load {
    /// `POST /auth/login`, whatever the outcome.
    pub(crate) async fn log_in(&self, login: &str) -> Reply {
        let path = "/api/v1/auth/login";
        let reply = self.http.post(At::Proxy, path, None, credentials(login)).await;
        if reply.status == 401 {
            self.recorder
                .find(Category::Lost, format!("the account {login} ({})", reply.summary()));
        }
        reply
    }

    /// Signs every identity in. Those whose login was refused keep their token; false if there is one.
    pub(crate) async fn sign_in(&self) -> bool {
        let mut complete = true;
        for identity in Identity::ALL {
            let Some(login) = identity.login() else { continue };
            let reply = self.log_in(login).await;
            if reply.is_success() {
                self.identities.set(identity, reply.text("/access_token"));
            }
            complete &= reply.is_success();
        }
        complete
    }
}

/// What a registration and a login send.
pub(crate) fn credentials(login: &str) -> Value {
    json!({ "login": login, "password": PASSWORD })
}

/// Signs the identities in again and again.
pub(super) async fn keep_signed_in(load: Arc<Load>) {
    loop {
        let complete = load.sign_in().await;
        tokio::time::sleep(if complete { INTERVAL } else { Duration::from_secs(1) }).await;
    }
}
