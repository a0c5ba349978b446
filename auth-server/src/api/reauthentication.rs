//! Proof that it is the user who asks, and not somebody who found an unlocked screen.

use chrono::TimeDelta;
use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::Principal;
use crate::http::problem::{Problem, Spec};
use crate::http::request_errors::FIELD;
use crate::password::Password;
use crate::second_factor::{Checked, SecondFactors, too_many};
use crate::session::Sessions;
use crate::user::credentials;

const CODE_WRONG: Spec = Spec {
    status: 403,
    code: "code_wrong",
    title: "This is not your code of now, or it was used before.",
};

const SIGN_IN_AGAIN: Spec = Spec {
    status: 403,
    code: "sign_in_again",
    title: "This needs a session that was opened a moment ago.",
};

/// What an operation can answer that asks for a [`Proof`], besides
/// [`crate::api::current_password::CURRENT_PASSWORD`] and [`crate::throttle::THROTTLE`].
pub(crate) const PROOF: &[Spec] = &[CODE_WRONG, SIGN_IN_AGAIN];

/// For how long a session proves who opened it, where there is nothing else to ask for.
const RECENT: TimeDelta = TimeDelta::minutes(5);

/// One of the two. Neither, where the account has no password and no second factor: then the session
/// has to be at most five minutes old.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// The current password.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In its place a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

impl Proof {
    /// What a form of more fields than these says.
    pub(crate) const fn new(current_password: Option<Password>, code: Option<String>) -> Self {
        Self { current_password, code }
    }
}

impl AppState {
    /// Makes sure that the user knows the password or has the second factor. A code is used by it.
    /// Returns the stored hash of the password, none where there is no password: a change has to
    /// make sure that it still is the one.
    pub(crate) async fn prove(
        &self,
        caller: &Principal,
        proof: Proof,
    ) -> Result<Option<String>, Problem> {
        match (proof.current_password, proof.code) {
            (Some(password), None) => self.check_password(caller.user, password).await.map(Some),
            (None, Some(code)) => self.prove_code(caller.user, &code).await,
            (None, None) => self.prove_recent(caller).await.map(|()| None),
            (Some(_), Some(_)) => {
                Err(Problem::new(FIELD).field("code").detail("Send one of the two."))
            }
        }
    }

    async fn prove_code(&self, user: Uuid, code: &str) -> Result<Option<String>, Problem> {
        let mut transaction = self.pool.begin().await?;
        let stored = credentials::password_hash(&mut *transaction, user).await?;
        let checked = self.second_factors.check(&mut transaction, user, code).await?;
        transaction.commit().await?;
        match checked {
            Checked::Right => Ok(stored),
            Checked::Wrong | Checked::Off => Err(Problem::new(CODE_WRONG)),
            Checked::TooMany(seconds) => Err(too_many(seconds)),
        }
    }

    /// Who can show a password or a second factor has to: this is for whom there is neither.
    async fn prove_recent(&self, caller: &Principal) -> Result<(), Problem> {
        let mut database = self.pool.acquire().await?;
        if credentials::password_hash(&mut *database, caller.user).await?.is_some() {
            return Err(Problem::new(FIELD)
                .field("current_password")
                .detail("Send your current password, or a `code` of your second factor."));
        }
        if SecondFactors::is_on(&mut database, caller.user).await? {
            return Err(Problem::new(FIELD)
                .field("code")
                .detail("Send a `code` of your second factor."));
        }
        let opened = Sessions::opened_at(&mut database, caller.user, caller.session).await?;
        if opened.is_some_and(|opened| self.clock.now() - opened <= RECENT) {
            return Ok(());
        }
        Err(Problem::new(SIGN_IN_AGAIN).detail(format!(
            "Sign in again the way you did, then do this within {} minutes.",
            RECENT.num_minutes(),
        )))
    }
}
