//! `/api/v1/me/second-factor`, one operation per file.

pub(crate) mod confirm;
pub(crate) mod disable;
pub(crate) mod enroll;
pub(crate) mod recovery_codes;
pub(crate) mod status;

use std::sync::Arc;

use poem_openapi::Object;
use serde::Serialize;
use sqlx::PgConnection;

use crate::api::AppState;
use crate::authn::Principal;
use crate::second_factor::{fresh_recovery_codes, store};

/// The operations.
pub(crate) type SecondFactorApi =
    (status::Status, enroll::Enrol, confirm::Confirm, disable::Remove, recovery_codes::Renew);

/// The operations, working on these accounts.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> SecondFactorApi {
    (
        status::Status(Arc::clone(state)),
        enroll::Enrol(Arc::clone(state)),
        confirm::Confirm(Arc::clone(state)),
        disable::Remove(Arc::clone(state)),
        recovery_codes::Renew(Arc::clone(state)),
    )
}

/// Why the other sessions end.
const REASON: &str = "second_factor_changed";

/// Codes for the day on which the authenticator app is gone.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RecoveryCodeList {
    /// Ten codes, each good once in place of a code of the app. They are shown this once.
    recovery_codes: Vec<String>,
}

/// New recovery codes in place of those before, in the transaction of what asked for them.
async fn renew_recovery_codes(
    transaction: &mut PgConnection,
    caller: &Principal,
) -> sqlx::Result<RecoveryCodeList> {
    let codes = fresh_recovery_codes(caller.user);
    store::replace_recovery_codes(transaction, caller.user, &codes.hashes).await?;
    Ok(RecoveryCodeList { recovery_codes: codes.shown })
}
