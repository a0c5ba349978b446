//! Maximum throughput, measured by `wrk` on the client's core.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::{CLIENT_CORE, Server};

/// The result of one run of wrk.
pub(crate) struct Run {
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
    for line in io.lines(args[1]) do
        local token, body = line:match("^(%S*)\t(.*)$")
        local headers = { ["Content-Type"] = "application/json" }
        if token ~= "" then headers["Authorization"] = "Bearer " .. token end
        requests[#requests + 1] = wrk.format("POST", "/api/v1/check", headers, body)
    end
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

/// Sends the requests of the file (`token TAB body` per line) on 32 connections.
pub(crate) fn run(server: &Server, requests: &Path, seconds: u32) -> anyhow::Result<Run> {
    let before = server.cpu_seconds()?;
    let script = requests.with_extension("lua");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new("taskset")
        .args(["-c", CLIENT_CORE, "wrk", "-t1", "-c32", &format!("-d{seconds}s"), "-s"])
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
    Ok(Run { per_second: *per_second, p50_ms: *p50_ms, p99_ms: *p99_ms, cpu_us })
}
