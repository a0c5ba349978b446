//! Errors that all operations on favorites share.

use service::database::{is_unavailable, sqlstate};
use service::problem::{Problem, Spec};

use crate::health::RETRY_AFTER_SECONDS;

const UNAVAILABLE: Spec =
    Spec::new(503, "favorites_unavailable", "Favorites are unavailable; try again later.");
const DISABLED: Spec = Spec::new(503, "favorites_disabled", "This server has no favorites.");

/// As auth-server answers it, without asking.
const TOKEN_MISSING: Spec =
    Spec::new(401, "token_missing", "This operation requires an access token.");

/// What operators read if [`is_not_migrated`].
pub(super) const NOT_MIGRATED: &str =
    "the database is not migrated, or this role may not use it; run: movie-api migrate";

/// What every operation on favorites can answer if they are unavailable.
pub(super) const FAVORITES: &[Spec] = &[UNAVAILABLE, DISABLED];

/// The caller is a guest.
pub(super) fn token_missing() -> Problem {
    Problem::new(TOKEN_MISSING)
}

/// The server has no database.
pub(super) fn disabled() -> Problem {
    Problem::new(DISABLED).detail("Its operator has not set MOVIE_DATABASE_URL.")
}

/// What the caller gets for an error of the database; the cause is logged here, once.
pub(super) fn database_problem(error: sqlx::Error) -> Problem {
    if is_not_migrated(&error) {
        tracing::error!(%error, "favorites unavailable: {NOT_MIGRATED}");
    } else if is_unavailable(&error) {
        tracing::error!(%error, "favorites unavailable");
    } else {
        return error.into();
    }
    Problem::new(UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS)
}

/// A table or the schema is missing (42P01, 3F000), or must not be used (42501).
pub(super) fn is_not_migrated(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| matches!(code.as_ref(), "42P01" | "3F000" | "42501"))
}
