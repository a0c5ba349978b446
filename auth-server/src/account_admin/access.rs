//! Recovering access for users who locked themselves out.

use crate::audit::{Actor, AuditRecord};
use crate::email::notice::{self, Notice};
use crate::http::problem::Problem;
use crate::policy::write::PolicyWrite;
use crate::second_factor;
use crate::session::{Revocation, RevocationPeriod, end_all};
use crate::user::{UserView, user_agents};

/// Removes a user's second factor and ends the user's sessions. Without a second factor nothing
/// happens, and there is no revocation.
pub(crate) async fn reset_second_factor(
    mut write: PolicyWrite<'_>,
    user: &UserView,
    by: Actor,
    period: RevocationPeriod,
) -> Result<Option<Revocation>, Problem> {
    if !second_factor::store::remove(write.db(), user.id).await? {
        write.commit_nothing().await?;
        return Ok(None);
    }
    let revocation = end_all(write.db(), user.id, "second_factor_reset", period).await?;
    let at = write.at();
    notice::enqueue(write.db(), user.id, Notice::SecondFactorDisabled, at).await?;
    let record = AuditRecord::new(by, "reset_user_second_factor", format!("user:{}", user.id));
    write.commit_without_revision(record).await?;
    Ok(revocation)
}

/// Lets any client log in to the account; `false` if any could already.
pub(crate) async fn allow_all_user_agents(
    mut write: PolicyWrite<'_>,
    user: &UserView,
    by: Actor,
) -> Result<bool, Problem> {
    if !user_agents::remove(write.db(), user.id).await? {
        return Ok(false);
    }
    let at = write.at();
    notice::enqueue(write.db(), user.id, Notice::UserAgentsChanged, at).await?;
    let record = AuditRecord::new(by, "allow_all_user_agents", format!("user:{}", user.id));
    write.commit_without_revision(record).await?;
    Ok(true)
}
