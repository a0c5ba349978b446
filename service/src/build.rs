//! What the running program was built from.

use std::sync::LazyLock;

/// Version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// SPDX identifier of the license.
pub const LICENSE: &str = env!("CARGO_PKG_LICENSE");

/// The commit, if the build set `BUILD_COMMIT`; otherwise `unknown`.
pub const COMMIT: &str = match option_env!("BUILD_COMMIT") {
    Some(commit) if !commit.is_empty() => commit,
    _ => UNKNOWN,
};

const UNKNOWN: &str = "unknown";

/// Version, and commit if it is known: what `--version` prints.
#[must_use]
pub fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| with_commit(COMMIT));
    &TEXT
}

fn with_commit(commit: &str) -> String {
    if commit == UNKNOWN { VERSION.to_owned() } else { format!("{VERSION} ({commit})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_follows_the_version_if_it_is_known() {
        assert_eq!(with_commit(UNKNOWN), VERSION);
        assert_eq!(with_commit("5929fa5"), format!("{VERSION} (5929fa5)"));
    }
}
