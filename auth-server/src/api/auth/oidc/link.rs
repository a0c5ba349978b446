//! Linking an external identity to the account of a logged-in user.

use uuid::Uuid;

use super::callback::CallbackError;
use crate::api::AppState;
use crate::audit::AccountChange;
use crate::email::notice::Notice;
use crate::oidc::store;
use crate::oidc::store::LinkedIdentity;
use crate::oidc::{ExternalIdentity, LinkRequest};

/// Links the identity and lists the account's identities. Idempotent.
pub(super) async fn link(
    state: &AppState,
    identity: &ExternalIdentity,
    request: LinkRequest,
) -> Result<Vec<LinkedIdentity>, CallbackError> {
    let AppState { pool, clock, oidc, .. } = state;
    let now = clock.now();
    let mut transaction = pool.begin().await?;
    store::lock(&mut transaction, identity).await?;
    if !store::may_link(&mut transaction, request, now).await? {
        let detail = "The session that started it has ended.";
        return Err(CallbackError::StateInvalid.problem().detail(detail).into());
    }
    match store::owner(&mut transaction, identity).await? {
        Some(owner) if owner == request.user => {}
        Some(_) => return Err(CallbackError::IdentityTaken),
        None => {
            store::insert(&mut transaction, request.user, identity, now).await?;
            linked(request.user).record(&mut transaction, now).await?;
        }
    }
    let identities = oidc.identities(&mut transaction, request.user).await?;
    transaction.commit().await?;
    Ok(identities)
}

/// The record and the notice of a link to an existing account.
pub(super) const fn linked(user: Uuid) -> AccountChange {
    AccountChange { user, operation: "link_identity", notice: Notice::IdentityLinked }
}
