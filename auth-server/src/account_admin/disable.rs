//! Disabling and enabling accounts.

use policies::RoleName;
use serde_json::json;

use crate::audit::{Actor, AuditRecord};
use crate::http::problem::Problem;
use crate::policy::grants;
use crate::policy::write::PolicyWrite;
use crate::session::{Revocation, RevocationPeriod, end_all};
use crate::user::{UserView, store};

/// Disables an account and ends its sessions. If it is already disabled nothing happens, and there
/// is no revocation.
///
/// # Errors
/// The account belongs to the last superuser.
pub(crate) async fn disable(
    mut write: PolicyWrite<'_>,
    user: &UserView,
    by: Actor,
    period: RevocationPeriod,
) -> Result<Option<Revocation>, Problem> {
    if user.disabled {
        write.commit_nothing().await?;
        return Ok(None);
    }
    let at = write.at();
    store::set_disabled(write.db(), user.id, Some(at)).await?;
    if user.role_names()?.contains(&RoleName::superuser()) {
        grants::refuse_last_superuser(write.db()).await?;
    }
    let revocation = end_all(write.db(), user.id, "disabled", period).await?;
    let record = AuditRecord::new(by, "disable_user", format!("user:{}", user.id))
        .before(json!({ "disabled": false }))
        .after(json!({ "disabled": true }));
    write.commit_without_revision(record).await?;
    Ok(revocation)
}

/// Enables an account; `false` if it was enabled already. Sessions from before stay ended.
pub(crate) async fn enable(
    mut write: PolicyWrite<'_>,
    user: &UserView,
    by: Actor,
) -> Result<bool, Problem> {
    if !user.disabled {
        write.commit_nothing().await?;
        return Ok(false);
    }
    store::set_disabled(write.db(), user.id, None).await?;
    let record = AuditRecord::new(by, "enable_user", format!("user:{}", user.id))
        .before(json!({ "disabled": true }))
        .after(json!({ "disabled": false }));
    write.commit_without_revision(record).await?;
    Ok(true)
}
