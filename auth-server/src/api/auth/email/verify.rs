//! `POST /api/v1/auth/email/verify`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use uuid::Uuid;

use crate::api::AppState;
use crate::api::reauthentication::PASSWORD_INCORRECT;
use crate::audit::AccountChange;
use crate::authn::{Caller, TOKEN};
use crate::db::{DATABASE_WRITE, PgConnection, constraint};
use crate::email::notice::Notice;
use crate::email::token_store::{self, Verification};
use crate::email::{claim_store, token};
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::password::Password;
use crate::problems;
use crate::session::lock_active;
use crate::throttle::THROTTLE;
use crate::user::{credentials, store};

/// The token of a message.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct VerificationForm {
    /// Token from the message: what follows `#token=` in its link.
    #[oai(write_only)]
    token: String,
    /// Password of the account that claims the address. Not needed with an access token of that
    /// account.
    #[oai(write_only)]
    current_password: Option<Password>,
}

problems! {
    /// Errors of confirming an address.
    pub(crate) enum VerifyError includes
        [TOKEN, BODY, THROTTLE, &[PASSWORD_INCORRECT], DATABASE_WRITE]
    {
        TokenInvalid = 401 "verification_token_invalid" "Invalid or expired token, or the account no longer claims the address; request a new e-mail.",
        AccountProofRequired = 403 "account_proof_required" "Log in to the account that claims this address, or send its password.",
        EmailTaken = 409 "email_taken" "Another account has confirmed this e-mail address.",
    }
}

/// How callers show that the account is theirs: the reader of the mailbox may be someone else.
enum AccountProof {
    /// A session of it.
    Session(Uuid),
    /// Its password, which this stored hash was verified with.
    Password(String),
}

pub(crate) struct Verify(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Verify {
    /// Confirm an e-mail address with the token of a message.
    ///
    /// Send it with an access token of the account that claims the address, or with that account's
    /// password: a token alone would confirm an address for an account that someone else created.
    /// The token works once, and only while the account claims the address. Other accounts that
    /// claim the address without having confirmed it lose it.
    #[oai(path = "/email/verify", method = "post", operation_id = "verify_email")]
    async fn verify(
        &self,
        caller: Caller,
        Body(form): Body<VerificationForm>,
    ) -> Result<NoContent, VerifyError> {
        let AppState { pool, clock, .. } = &*self.0;
        let VerificationForm { token, current_password } = form;
        let token = token::hash(&token);
        let confirmed = token_store::verification(pool, &token, clock.now()).await?;
        let confirmed = confirmed.ok_or(VerifyError::TokenInvalid)?;
        let proof = self.prove_account(&caller, confirmed.user, current_password).await?;
        self.confirm(&token, &confirmed, &proof).await?;
        Ok(NoContent)
    }
}

impl Verify {
    async fn prove_account(
        &self,
        caller: &Caller,
        user: Uuid,
        password: Option<Password>,
    ) -> Result<AccountProof, VerifyError> {
        match (password, caller) {
            (Some(password), _) => {
                Ok(AccountProof::Password(self.0.check_password(user, password).await?))
            }
            (None, Caller::User(caller)) if caller.user == user => {
                Ok(AccountProof::Session(caller.session))
            }
            (None, _) => Err(VerifyError::AccountProofRequired),
        }
    }

    async fn confirm(
        &self,
        token: &[u8; 32],
        Verification { user, email_key }: &Verification,
        proof: &AccountProof,
    ) -> Result<(), VerifyError> {
        let AppState { pool, clock, .. } = &*self.0;
        let (mut transaction, now) = (pool.begin().await?, clock.now());
        claim_store::take_over(&mut transaction, *user, email_key).await?;
        if !self.lock(&mut transaction, *user, proof).await? {
            return Err(VerifyError::AccountProofRequired);
        }
        if !token_store::consume(&mut transaction, token).await? {
            return Err(VerifyError::TokenInvalid);
        }
        let before = claim_store::read(&mut *transaction, *user).await?;
        let is_same = before.is_some_and(|before| before.held.as_ref() == Some(email_key));
        let notice = if is_same { Notice::EmailConfirmed } else { Notice::EmailChanged };
        let change = AccountChange { user: *user, operation: "verify_email", notice };
        change.record(&mut transaction, now).await?;
        let confirmed = claim_store::confirm(&mut transaction, *user, email_key, now).await;
        if !confirmed.map_err(from_constraint)? {
            return Err(VerifyError::TokenInvalid);
        }
        Ok(transaction.commit().await?)
    }

    /// Locks the account; false if the proof is no longer valid.
    async fn lock(
        &self,
        transaction: &mut PgConnection,
        user: Uuid,
        proof: &AccountProof,
    ) -> sqlx::Result<bool> {
        match proof {
            AccountProof::Password(hash) => credentials::lock(transaction, user, Some(hash)).await,
            AccountProof::Session(session) => {
                let now = self.0.clock.now();
                Ok(store::lock(&mut *transaction, user).await?
                    && lock_active(transaction, user, *session, now).await?)
            }
        }
    }
}

fn from_constraint(error: sqlx::Error) -> VerifyError {
    match constraint(&error) {
        Some("users_email_key") => VerifyError::EmailTaken,
        _ => Problem::from(error).into(),
    }
}
