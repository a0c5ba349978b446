//! `DELETE /api/v1/me/identities/{id}`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::me::credential_change::CredentialChange;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthenticated, Reauthentication};
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::request_errors::{BODY, PATH_ID};
use crate::http::{Body, NoContent, canonical};
use crate::oidc::store;
use crate::problems;
use crate::throttle::THROTTLE;

const CHANGE: CredentialChange = CredentialChange {
    operation: "unlink_identity",
    reason: "identity_unlinked",
    notice: Notice::IdentityUnlinked,
};

problems! {
    /// Why the identity was not unlinked.
    pub(crate) enum UnlinkError includes
        [SIGNED_IN, PATH_ID, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE]
    {
        NotFound = 404 "identity_not_found" "No such identity.",
        LastLoginMethod = 409 "last_way_to_sign_in" "This is your only way to log in; set a password or link another identity first.",
    }
}

pub(crate) struct Unlink(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Unlink {
    /// Unlink an external identity and end all other sessions.
    ///
    /// The last way to log in cannot be removed: a password, or an identity of a configured
    /// provider.
    #[oai(path = "/identities/:id", method = "delete", operation_id = "unlink_identity")]
    async fn unlink(
        &self,
        /// Id of the linked identity.
        id: canonical::Path<Uuid>,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<NoContent, UnlinkError> {
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        self.remove(&caller, &reauthenticated, id.0).await?;
        Ok(NoContent)
    }
}

impl Unlink {
    async fn remove(
        &self,
        caller: &Principal,
        reauthenticated: &Reauthenticated,
        id: Uuid,
    ) -> Result<(), UnlinkError> {
        let (user, issuers) = (caller.user, self.0.oidc.issuers());
        // It locks the account: the second of concurrent requests sees that the first identity is gone.
        let mut transaction = self.0.begin_change(reauthenticated).await?;
        if !store::remove(&mut transaction, user, id).await? {
            return Err(UnlinkError::NotFound);
        }
        let has_another = store::has_any(&mut transaction, user, &issuers).await?;
        if !has_another && !reauthenticated.has_password() {
            return Err(UnlinkError::LastLoginMethod);
        }
        Ok(self.0.commit_credential_change(transaction, caller, CHANGE).await?)
    }
}
