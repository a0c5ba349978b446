//! Proof that it is the user who asks, and not somebody who found an unlocked screen.

use poem_openapi::Object;
use serde::Deserialize;
use uuid::Uuid;

use super::Accounts;
use crate::input::FIELD;
use crate::password::Password;
use crate::problem::{Problem, Spec};
use crate::second_factor::{Checked, too_many};

const CODE_WRONG: Spec = Spec {
    status: 403,
    code: "code_wrong",
    title: "This is not your code of now, or it was used before.",
};

/// What an operation can answer that asks for a [`Proof`], besides
/// [`super::current_password::CURRENT_PASSWORD`] and [`crate::throttle::THROTTLE`].
pub(super) const PROOF: &[Spec] = &[CODE_WRONG];

/// One of the two.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// The current password.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In its place a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

impl Accounts {
    /// Makes sure that the user knows the password or has the second factor. A code is used by it.
    pub(super) async fn prove(&self, user: Uuid, proof: Proof) -> Result<(), Problem> {
        match (proof.current_password, proof.code) {
            (Some(password), None) => self.check_password(user, password).await.map(drop),
            (None, Some(code)) => self.prove_code(user, &code).await,
            (None, None) => Err(Problem::new(FIELD)
                .field("current_password")
                .detail("Send your current password, or a `code` of your second factor.")),
            (Some(_), Some(_)) => {
                Err(Problem::new(FIELD).field("code").detail("Send one of the two."))
            }
        }
    }

    async fn prove_code(&self, user: Uuid, code: &str) -> Result<(), Problem> {
        let mut transaction = self.pool.begin().await?;
        let checked = self.second_factors.check(&mut transaction, user, code).await?;
        transaction.commit().await?;
        match checked {
            Checked::Right => Ok(()),
            Checked::Wrong | Checked::Off => Err(Problem::new(CODE_WRONG)),
            Checked::TooMany(seconds) => Err(too_many(seconds)),
        }
    }
}
