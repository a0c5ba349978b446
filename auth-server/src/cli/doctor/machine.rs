//! This machine: its ports, and the place where it stores a secret.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access, statvfs};
use serde_json::Value;
use service::config::ListenAddress;

use super::report::Finding;
use crate::config::SecretConfig;
use crate::crypto::{SecretError, state_file};

/// Timeout for what listens on a port already.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Free space below which there is a warning, in MiB.
const LITTLE_SPACE: u64 = 100;

/// Whether a server can listen here, or listens already.
pub(super) async fn port(setting: &str, address: Option<&ListenAddress>) -> Finding {
    let Some(address) = address else { return Finding::ok("off") };
    match address.bind().await {
        Ok(_) => Finding::ok(format_args!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if is_auth_server(address).await {
                return Finding::ok(format_args!("auth-server runs at {address}"));
            }
            Finding::failed(
                format_args!("another program listens on {address}"),
                &format!("stop it, or choose another port in {setting}"),
            )
        }
        Err(error) => Finding::failed(
            format_args!("cannot listen on {address}: {error}"),
            &format!("correct {setting}"),
        ),
    }
}

/// Recognized by its readiness, which no other program has in this form.
async fn is_auth_server(address: &ListenAddress) -> bool {
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build();
    let Ok(client) = client else { return false };
    let Ok(response) = client.get(format!("http://{address}/health/ready")).send().await else {
        return false;
    };
    let readiness = response.json::<Value>().await.unwrap_or_default();
    let has = |name| readiness.get(name).is_some_and(Value::is_boolean);
    has("ready") && has("following")
}

/// Whether a secret is stored on this machine, or can be.
pub(super) fn state_directory(config: &SecretConfig) -> Finding {
    if config.current.is_some() {
        return Finding::ok("not used, as AUTH_SECRET is set");
    }
    let Some(path) = state_file::path() else { return Finding::explained(SecretError::NoHome) };
    let existing = path.ancestors().skip(1).find(|folder| folder.is_dir());
    let remedy = "set AUTH_SECRET, or XDG_STATE_HOME to another directory";
    let space = existing.map(|folder| space(folder, path.exists()));
    match space {
        None => Finding::failed(format_args!("{} does not exist", path.display()), remedy),
        Some(Err(error)) => {
            Finding::failed(format_args!("{} cannot be used: {error}", path.display()), remedy)
        }
        Some(Ok(0)) if !path.exists() => Finding::failed(
            format_args!("no space is left for {}", path.display()),
            "free some, or set AUTH_SECRET",
        ),
        Some(Ok(free)) if free < LITTLE_SPACE => Finding::warning(
            format_args!("{free} MiB are free for {}", path.display()),
            "free some; the logs and PostgreSQL may need it, too",
        ),
        Some(Ok(free)) => Finding::ok(format_args!("{free} MiB are free for {}", path.display())),
    }
}

/// Free space in MiB.
///
/// # Errors
/// The folder cannot be written to, although no secret is in it yet.
fn space(folder: &Path, has_secret: bool) -> rustix::io::Result<u64> {
    if !has_secret {
        access(folder, Access::WRITE_OK)?;
    }
    let system = statvfs(folder)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize) >> 20)
}
