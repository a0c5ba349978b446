//! `/api/v1/me/second-factor`, one operation per file.

mod confirm;
mod enrol;
mod remove;
mod renew;
mod status;

use poem_openapi::Object;
use serde::Serialize;
use sqlx::PgConnection;

use super::Accounts;
use crate::identity::Verified;
use crate::second_factor::{fresh_recovery_codes, store};

/// The operations.
pub type SecondFactorApi =
    (status::Status, enrol::Enrol, confirm::Confirm, remove::Remove, renew::Renew);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts) -> SecondFactorApi {
    (
        status::Status(accounts.clone()),
        enrol::Enrol(accounts.clone()),
        confirm::Confirm(accounts.clone()),
        remove::Remove(accounts.clone()),
        renew::Renew(accounts.clone()),
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
    caller: &Verified,
) -> sqlx::Result<RecoveryCodeList> {
    let codes = fresh_recovery_codes(caller.user);
    store::replace_recovery_codes(transaction, caller.user, &codes.hashes).await?;
    Ok(RecoveryCodeList { recovery_codes: codes.shown })
}
