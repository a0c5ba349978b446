//! Signing in by an account elsewhere. One operation per file.

mod answer;
mod callback;
mod kept;
mod link;
mod list;
mod sign_in;
mod start;

use std::sync::Arc;

use crate::account::Accounts;
use crate::oidc::Oidc;

/// The operations.
pub type OidcApi = (list::List, start::Start, callback::Callback);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts, oidc: &Arc<Oidc>) -> OidcApi {
    (
        list::List(Arc::clone(oidc)),
        start::Start(Arc::clone(oidc)),
        callback::Callback(accounts.clone(), Arc::clone(oidc)),
    )
}
