//! A real nginx, Caddy, Traefik or Envoy in front of a server.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tests::setting;

const NGINX: &str = "daemon off; pid FOLDER/pid; error_log FOLDER/error.log;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
";

/// A proxy, killed when this value is dropped.
pub(crate) struct Proxy {
    child: Child,
    folder: TempDir,
}

impl Proxy {
    /// nginx with this content of its block `http`, in which FOLDER is a folder of its own.
    pub(crate) fn nginx(http: &str) -> Option<Self> {
        Self::start(
            "nginx",
            &["-c", "FOLDER/nginx.conf"],
            "nginx.conf",
            &format!("{NGINX}{http}\n}}"),
        )
    }

    /// Caddy with this `Caddyfile`.
    pub(crate) fn caddy(text: &str) -> Option<Self> {
        let arguments = ["run", "--adapter", "caddyfile", "--config", "FOLDER/Caddyfile"];
        Self::start("caddy", &arguments, "Caddyfile", text)
    }

    /// Traefik on this address with this dynamic configuration.
    pub(crate) fn traefik(address: &str, text: &str) -> Option<Self> {
        let entry_point = format!("--entryPoints.web.address={address}");
        // It would read a `traefik.yml` in its folder as static configuration.
        let arguments = [&entry_point, "--providers.file.filename=FOLDER/films.yml"];
        Self::start(&setting("TRAEFIK"), &arguments, "films.yml", text)
    }

    /// Envoy with this configuration.
    pub(crate) fn envoy(text: &str) -> Option<Self> {
        // Without hot restarts, as those of all tests would share memory.
        let arguments = ["--disable-hot-restart", "--concurrency", "1", "-c", "FOLDER/envoy.yaml"];
        Self::start(&setting("ENVOY"), &arguments, "envoy.yaml", text)
    }

    /// Starts a proxy with this configuration in FOLDER; none if it is not installed. Those of the system are not run
    /// as root; other users may not reach the folder of the rest.
    fn start(program: &str, arguments: &[&str], file: &str, text: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let path = folder.path().join(file);
        let home = folder.path().to_str().unwrap();
        fs::write(&path, text.replace("FOLDER", home)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut command = Command::new(program);
        let arguments = arguments.iter().map(|argument| argument.replace("FOLDER", home));
        command.args(arguments).current_dir(&folder).env("HOME", home);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if fs::metadata("/proc/self").unwrap().uid() == 0 && !program.contains('/') {
            command.uid(65_534).gid(65_534);
        }
        match command.spawn() {
            Ok(child) => Some(Self { child, folder }),
            Err(error) => {
                eprintln!("SKIPPED: {program} cannot be started: {error}");
                None
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // TERM, as nginx's master process ends its workers.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = &self.folder;
    }
}
