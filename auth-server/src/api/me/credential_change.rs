//! The end of every change of what somebody signs in with.

use sqlx::{Postgres, Transaction};

use crate::api::AppState;
use crate::authn::{Principal, TokenError};
use crate::http::problem::Problem;

impl AppState {
    /// Commits a change together with the end of the user's other sessions: whoever signed in as it
    /// was possible before is out. Refuses where one of those has ended the caller's.
    pub(crate) async fn commit_change(
        &self,
        mut transaction: Transaction<'_, Postgres>,
        caller: &Principal,
        reason: &str,
    ) -> Result<(), Problem> {
        let (user, session) = (caller.user, caller.session);
        let ended = self
            .sessions
            .end_others_after_credential_change(&mut transaction, user, session, reason)
            .await?;
        let ended = ended.ok_or(TokenError::Revoked)?;
        transaction.commit().await?;
        self.authenticator.revoke(&[ended]);
        Ok(())
    }
}
