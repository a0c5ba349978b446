//! Server processes, pinned to a core and ended with the bench.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// The core that servers run on; whoever asks them runs on the other.
pub(crate) const SERVER_CORE: &str = "0";
pub(crate) const CLIENT_CORE: &str = "1";

/// A server that ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts a program pinned to these cores. `prepare` is given the address to listen on.
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
        server.wait_until_up().await?;
        Ok(server)
    }

    async fn wait_until_up(&mut self) -> anyhow::Result<()> {
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(&self.address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at its start: {status}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server did not come up in 30 s")
    }

    /// Seconds of processor time that it has used, in steps of 10 ms.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields count from behind the name, which may hold anything; 14 and 15 are user and system.
        let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Ok(f64::from(ticks.sum::<Result<u32, _>>()?) / 100.0)
    }

    /// Memory that it holds, in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = line.unwrap_or("0 kB").trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
