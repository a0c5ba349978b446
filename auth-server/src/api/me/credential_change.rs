//! The last step of every change of credentials.

use crate::api::AppState;
use crate::audit::AccountChange;
use crate::authn::{Principal, TokenError};
use crate::db::Transaction;
use crate::email::notice::Notice;
use crate::http::problem::Problem;

/// A change of credentials.
#[derive(Clone, Copy)]
pub(crate) struct CredentialChange {
    /// Id of the operation.
    pub operation: &'static str,
    /// Why the other sessions end.
    pub reason: &'static str,
    pub notice: Notice,
}

impl AppState {
    /// Commits a change of the caller's credentials together with the end of their other sessions,
    /// which were opened with the old ones. Fails if the caller's session has ended meanwhile.
    pub(crate) async fn commit_credential_change(
        &self,
        mut transaction: Transaction<'_>,
        caller: &Principal,
        change: CredentialChange,
    ) -> Result<(), Problem> {
        let (user, session) = (caller.user, caller.session);
        let CredentialChange { operation, reason, notice } = change;
        let recorded = AccountChange { user, operation, notice };
        recorded.record(&mut transaction, self.clock.now()).await?;
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
