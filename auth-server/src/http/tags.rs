//! Sections of the API page.

use poem_openapi::Tags;

/// What an operation is for.
#[derive(Tags)]
pub(crate) enum Tag {
    /// Decisions and search filters, for whoever enforces them.
    Check,
    /// Signing in, staying signed in, signing out.
    Auth,
    /// The caller's own account.
    Me,
    /// Roles and what they inherit.
    Roles,
    /// Rules.
    Rules,
    /// People and their roles.
    Users,
    /// What admins have done.
    Audit,
    /// Service clients: what they ask about tokens, and the clients themselves.
    Clients,
}
