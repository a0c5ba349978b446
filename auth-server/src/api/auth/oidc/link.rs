//! Linking an identity to the account of whoever asked for it while signed in.

use super::callback::CallbackError;
use crate::api::AppState;
use crate::oidc::store;
use crate::oidc::store::Identity;
use crate::oidc::{Link, Oidc, Who};

/// Links it, and lists what the account has then. Once more is as good as once.
pub(crate) async fn link(
    accounts: &AppState,
    oidc: &Oidc,
    who: &Who,
    link: Link,
) -> Result<Vec<Identity>, CallbackError> {
    let now = accounts.clock.now();
    let mut transaction = accounts.pool.begin().await?;
    store::lock(&mut transaction, who).await?;
    if !store::may_link(&mut transaction, link, now).await? {
        let detail = "The session that asked for it has ended.";
        return Err(CallbackError::State.problem().detail(detail).into());
    }
    match store::owner(&mut transaction, who).await? {
        Some(owner) if owner == link.user => {}
        Some(_) => return Err(CallbackError::Taken),
        None => {
            store::insert(&mut transaction, link.user, who, now).await?;
        }
    }
    let all = oidc.identities(&mut transaction, link.user).await?;
    transaction.commit().await?;
    Ok(all)
}
