//! Asking somebody who is signed in for the password: whoever finds an unlocked screen doesn't know
//! it.

use uuid::Uuid;

use super::Accounts;
use crate::password::{Password, Verdict};
use crate::problem::{Problem, Spec};
use crate::user::store;

const WRONG: Spec = Spec {
    status: 403,
    code: "current_password_wrong",
    title: "The current password is another one.",
};

/// What asking for the current password can answer, besides [`crate::password::HASHING`] and
/// [`crate::store::DATABASE`].
pub const CURRENT_PASSWORD: &[Spec] = &[WRONG];

impl Accounts {
    /// Makes sure that this is the user's password. Returns the stored hash that was compared: a
    /// change has to make sure that it still is the one.
    ///
    /// # Errors
    /// [`CURRENT_PASSWORD`], or the database is away.
    pub async fn check_password(&self, user: Uuid, typed: Password) -> Result<String, Problem> {
        let stored = store::password_hash(&self.pool, user).await?;
        let verdict = self.hasher.verify(typed, stored.clone()).await?;
        stored.filter(|_| verdict != Verdict::Wrong).ok_or_else(wrong)
    }
}

/// The answer to a password that is not, or not any more, the user's.
#[must_use]
pub fn wrong() -> Problem {
    Problem::new(WRONG)
}
