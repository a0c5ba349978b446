//! `/api/v1/roles`, one file for reading and one for each write.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fields;
pub(crate) mod read;
pub(crate) mod update;

use std::sync::Arc;

use crate::api::AppState;

/// The operations.
pub(crate) type RolesApi = (read::Read, create::Create, update::Change, delete::Delete);

/// The operations, working on this.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> RolesApi {
    (
        read::Read(Arc::clone(state)),
        create::Create(Arc::clone(state)),
        update::Change(Arc::clone(state)),
        delete::Delete(Arc::clone(state)),
    )
}
