//! `DELETE /api/v1/me/identities/{id}`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::current_password::CURRENT_PASSWORD;
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{Principal, SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, NoContent};
use crate::oidc::{account_store, store};
use crate::problems;
use crate::throttle::THROTTLE;

problems! {
    /// What can go wrong with unlinking an identity.
    pub(crate) enum UnlinkError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, DATABASE]
    {
        NotFound = 404 "identity_not_found" "You have no identity of this id.",
        Last = 409 "last_way_to_sign_in" "You could not sign in any more; set a password or link another one first.",
    }
}

/// The operation.
pub(crate) struct Unlink(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Unlink {
    /// Unlink an account elsewhere, and end all other sessions.
    ///
    /// The last way to sign in stays: a password, or another identity of a provider that is there.
    #[oai(path = "/identities/:id", method = "delete", operation_id = "unlink_identity")]
    async fn unlink(
        &self,
        SignedIn(caller): SignedIn,
        id: Path<Uuid>,
        Body(proof): Body<Proof>,
    ) -> Result<NoContent, UnlinkError> {
        self.0.prove(&caller, proof).await?;
        self.remove(&caller, id.0).await?;
        Ok(NoContent)
    }
}

impl Unlink {
    async fn remove(&self, caller: &Principal, id: Uuid) -> Result<(), UnlinkError> {
        let (user, issuers) = (caller.user, self.0.oidc.issuers());
        let mut transaction = self.0.pool.begin().await?;
        // Of two that are taken away at once, the second sees that the first is gone.
        let standing = account_store::lock_user(&mut transaction, user).await?;
        if !store::remove(&mut transaction, user, id).await? {
            return Err(UnlinkError::NotFound);
        }
        let has_password = standing.is_some_and(|standing| standing.password_hash.is_some());
        let another = store::has_one(&mut transaction, user, &issuers).await;
        if !another? && !has_password {
            return Err(UnlinkError::Last);
        }
        Ok(self.0.commit_change(transaction, caller, "identity_unlinked").await?)
    }
}
