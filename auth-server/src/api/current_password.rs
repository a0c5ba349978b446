//! Asking somebody who is signed in for the password: whoever finds an unlocked screen doesn't know
//! it.

use uuid::Uuid;

use crate::api::AppState;
use crate::http::problem::{Problem, Spec};
use crate::password::{Password, Verdict};
use crate::throttle::AttemptOutcome;
use crate::user::credentials;

const WRONG: Spec = Spec {
    status: 403,
    code: "current_password_wrong",
    title: "The current password is another one.",
};

/// What asking for the current password can answer, besides [`crate::throttle::THROTTLE`] and
/// [`crate::db::DATABASE`].
pub(crate) const CURRENT_PASSWORD: &[Spec] = &[WRONG];

/// Names these tries in header fields.
const PURPOSE: &str = "current-password";

impl AppState {
    /// Makes sure that this is the user's password. Failed tries are throttled. Returns the stored
    /// hash that was compared: a change has to make sure that it still is the one.
    ///
    /// # Errors
    /// [`CURRENT_PASSWORD`], throttled, or the database is away.
    pub(crate) async fn check_password(
        &self,
        user: Uuid,
        typed: Password,
    ) -> Result<String, Problem> {
        let attempt = self.throttle.user(user, PURPOSE).await?;
        let checked = self.compare(user, typed).await;
        attempt
            .settle(match &checked {
                Ok(Some(_)) => AttemptOutcome::Succeeded,
                Ok(None) => AttemptOutcome::Failed,
                Err(_) => AttemptOutcome::Unverified,
            })
            .await;
        checked?.ok_or_else(wrong)
    }

    async fn compare(&self, user: Uuid, typed: Password) -> Result<Option<String>, Problem> {
        let stored = credentials::password_hash(&self.pool, user).await?;
        let verdict = self.hasher.verify(typed, stored.clone()).await?;
        Ok(stored.filter(|_| verdict != Verdict::Wrong))
    }
}

/// The answer to a password that is not, or not any more, the user's.
#[must_use]
pub(crate) fn wrong() -> Problem {
    Problem::new(WRONG)
}
