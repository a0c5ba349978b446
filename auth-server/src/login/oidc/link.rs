//! Linking an identity to the account of whoever asked for it while signed in.

use super::callback::CallbackError;
use crate::account::Accounts;
use crate::oidc::store::{self, Identity};
use crate::oidc::{Link, Oidc, Who};
use crate::problem::Problem;

/// Links it, and lists what the account has then. Once more is as good as once.
pub(super) async fn link(
    accounts: &Accounts,
    oidc: &Oidc,
    who: &Who,
    link: Link,
) -> Result<Vec<Identity>, CallbackError> {
    let now = accounts.clock.now();
    let mut transaction = accounts.pool.begin().await.map_err(Problem::from)?;
    store::lock(&mut transaction, who).await.map_err(Problem::from)?;
    if !store::may_link(&mut transaction, link, now).await.map_err(Problem::from)? {
        let detail = "The session that asked for it has ended.";
        return Err(CallbackError::State.problem().detail(detail).into());
    }
    match store::owner(&mut transaction, who).await.map_err(Problem::from)? {
        Some(owner) if owner == link.user => {}
        Some(_) => return Err(CallbackError::Taken),
        None => {
            let done = store::insert(&mut transaction, link.user, who, now).await;
            done.map_err(Problem::from)?;
        }
    }
    let all = oidc.identities(&mut transaction, link.user).await.map_err(Problem::from)?;
    transaction.commit().await.map_err(Problem::from)?;
    Ok(all)
}
