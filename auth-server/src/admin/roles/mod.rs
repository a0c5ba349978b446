//! `/api/v1/roles`, one file for reading and one for each write.

mod change;
mod create;
mod delete;
mod read;

use super::Admin;

/// The operations.
pub type RolesApi = (read::Read, create::Create, change::Change, delete::Delete);

/// The operations, working on this.
#[must_use]
pub fn api(admin: &Admin) -> RolesApi {
    (
        read::Read(admin.clone()),
        create::Create(admin.clone()),
        change::Change(admin.clone()),
        delete::Delete(admin.clone()),
    )
}
