//! Tags of the OpenAPI document.

use poem_openapi::Tags;

/// The group of an operation.
#[derive(Tags)]
pub(crate) enum Tag {
    /// Decisions and search filters for enforcement points.
    Check,
    /// Decisions and searches as `OpenID` `AuthZEN` 1.0 has them.
    Access,
    /// Registration, login, refresh and logout.
    Auth,
    /// The caller's own account.
    Me,
    /// Roles and their inheritance.
    Roles,
    /// Rules of the policy.
    Rules,
    /// The policy as a whole.
    Policy,
    /// User accounts and their roles.
    Users,
    /// The audit trail of admin writes.
    Audit,
    /// Service clients, token introspection and revocation.
    Clients,
}
