//! What the running program was built from.

/// Version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, if the build set `BUILD_COMMIT`; otherwise `unknown`.
pub const COMMIT: &str = match option_env!("BUILD_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
