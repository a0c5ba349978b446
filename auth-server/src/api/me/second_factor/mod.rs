//! `/api/v1/me/second-factor`, one operation per file.

pub(crate) mod confirm;
pub(crate) mod disable;
pub(crate) mod enroll;
pub(crate) mod recovery_codes;
pub(crate) mod status;

use std::sync::Arc;

use poem_openapi::Object;
use serde::Serialize;

use crate::api::AppState;
use crate::authn::Principal;
use crate::db::PgConnection;
use crate::second_factor::{RecoveryCodes, store};

pub(crate) type SecondFactorApi = (
    status::GetStatus,
    enroll::Enroll,
    confirm::Confirm,
    disable::Disable,
    recovery_codes::Regenerate,
);

/// The operations, on this state.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> SecondFactorApi {
    (
        status::GetStatus(Arc::clone(state)),
        enroll::Enroll(Arc::clone(state)),
        confirm::Confirm(Arc::clone(state)),
        disable::Disable(Arc::clone(state)),
        recovery_codes::Regenerate(Arc::clone(state)),
    )
}

/// Recovery codes. They are shown only once.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RecoveryCodeList {
    /// Ten codes. Each works once instead of a code of the authenticator app.
    recovery_codes: Vec<String>,
}

/// Replaces the caller's recovery codes, in the transaction of the change.
async fn replace_recovery_codes(
    transaction: &mut PgConnection,
    caller: &Principal,
) -> sqlx::Result<RecoveryCodeList> {
    let new = RecoveryCodes::generate(caller.user);
    store::replace_recovery_codes(transaction, caller.user, &new.hashes).await?;
    Ok(RecoveryCodeList { recovery_codes: new.codes })
}
