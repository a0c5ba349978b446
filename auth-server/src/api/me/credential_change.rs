//! The last step of every change of credentials.

use crate::api::AppState;
use crate::authn::{Principal, TokenError};
use crate::db::Transaction;
use crate::http::problem::Problem;

impl AppState {
    /// Commits a change of the caller's credentials together with the end of their other sessions,
    /// which were opened with the old ones. Fails if the caller's session has ended meanwhile.
    pub(crate) async fn commit_credential_change(
        &self,
        mut transaction: Transaction<'_>,
        caller: &Principal,
        reason: &str,
    ) -> Result<(), Problem> {
        let (user, session) = (caller.user, caller.session);
        let revocation = self
            .sessions
            .end_others_after_credential_change(&mut transaction, user, session, reason)
            .await?
            .ok_or(TokenError::Revoked)?;
        transaction.commit().await?;
        self.authenticator.revoke(&[revocation]);
        Ok(())
    }
}
