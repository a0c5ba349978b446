//! `/api/v1/me/identities`, one operation per file.

pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod unlink;

use std::sync::Arc;

use crate::api::state::Accounts;
use crate::oidc::Oidc;

/// The operations.
pub type IdentitiesApi = (list::List, link::LinkOne, unlink::Unlink);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts, oidc: &Arc<Oidc>) -> IdentitiesApi {
    (
        list::List(accounts.clone(), Arc::clone(oidc)),
        link::LinkOne(accounts.clone(), Arc::clone(oidc)),
        unlink::Unlink(accounts.clone(), Arc::clone(oidc)),
    )
}
