//! `/api/v1/roles`, one file for reading and one for each write.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fields;
pub(crate) mod read;
pub(crate) mod update;

use super::admin::Admin;

/// The operations.
pub type RolesApi = (read::Read, create::Create, update::Change, delete::Delete);

/// The operations, working on this.
#[must_use]
pub fn api(admin: &Admin) -> RolesApi {
    (
        read::Read(admin.clone()),
        create::Create(admin.clone()),
        update::Change(admin.clone()),
        delete::Delete(admin.clone()),
    )
}
