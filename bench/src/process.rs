//! Server processes, pinned to cores and killed when the benchmark ends.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// The core that servers run on.
pub(crate) const SERVER_CORE: &str = "0";
/// The core that clients run on.
pub(crate) const CLIENT_CORE: &str = "1";

/// A server process, killed on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts a program pinned to these cores. `prepare` receives the address to listen on.
    pub(crate) async fn start(
        program: &std::path::Path,
        cores: &str,
        prepare: impl FnOnce(&mut Command, &str),
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).arg(program);
        prepare(&mut command, &address);
        let child = command.stdout(Stdio::null()).spawn().context("taskset (util-linux)")?;
        let mut server = Self { child, address };
        server.wait_until_listening().await?;
        Ok(server)
    }

    async fn wait_until_listening(&mut self) -> anyhow::Result<()> {
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(&self.address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server exited while starting: {status}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server was not listening after 30 s")
    }

    /// CPU time that the server has used, in seconds; resolution 10 ms.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields are counted from behind the name, which may hold spaces; 14 and 15 are user and system time.
        let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Ok(f64::from(ticks.sum::<Result<u32, _>>()?) / 100.0)
    }

    /// Resident memory of the server, in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        resident_mib(self.child.id())
    }
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.unwrap_or("0 kB").trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address on which nothing listens.
pub(crate) fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
