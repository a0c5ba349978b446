//! Maximum throughput, measured by `wrk` on the client's core.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::{CLIENT_CORE, Server};

/// The result of one run of wrk.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Requests that were answered.
    pub(crate) requests: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// CPU time of the server per request, in µs: depends little on the load of the machine.
    pub(crate) cpu_us: f64,
}

/// Sends the prepared requests in turn, at a cost that is small beside that of a response.
const SCRIPT: &str = r#"
local requests, at = {}, 0
function init(args)
    local file = io.open(args[1], "rb")
    for request in file:read("*a"):gmatch("%Z+") do requests[#requests + 1] = request end
end
function request()
    at = at % #requests + 1
    return requests[at]
end
function done(summary, latency, _)
    local errors = summary.errors
    local bad = errors.status + errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("RESULT %f %f %f %d %d\n", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad, summary.requests))
end
"#;

/// Writes the requests into the file, for [`run`].
pub(crate) fn write_requests(file: &Path, requests: &[Vec<u8>]) -> anyhow::Result<()> {
    Ok(std::fs::write(file, requests.join(&0))?)
}

/// Sends the requests of the file in turn on this number of connections.
pub(crate) fn run(
    server: &Server,
    requests: &Path,
    connections: u32,
    seconds: u32,
) -> anyhow::Result<Run> {
    let before = server.cpu_seconds()?;
    let script = requests.with_extension("lua");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new("taskset")
        .args(["-c", CLIENT_CORE, "wrk", "-t1", "--timeout", "60s"])
        .args([format!("-c{connections}"), format!("-d{seconds}s")])
        .arg("-s")
        .arg(&script)
        .arg(format!("http://{}", server.address))
        .arg("--")
        .arg(requests)
        .output()
        .context("cannot run wrk (Debian package wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let Some(line) = line else {
        bail!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    };
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [per_second, p50_ms, p99_ms, bad, total] = numbers.as_slice() else { bail!("wrk: {line}") };
    if *bad > 0.0 {
        bail!("{bad} requests failed or returned another status than 200");
    }
    let cpu_us = (server.cpu_seconds()? - before) * 1e6 / total;
    Ok(Run { requests: *total, per_second: *per_second, p50_ms: *p50_ms, p99_ms: *p99_ms, cpu_us })
}
