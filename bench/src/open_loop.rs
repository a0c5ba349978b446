//! Open-loop load: requests are sent on a schedule, and latency counts from the time at which a request
//! was due, so that a stall is not hidden by sending less (coordinated omission).

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::response::read_response;

/// Connections that share the rate.
const CONNECTIONS: u32 = 16;

/// Requests per second and duration.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) rate: f64,
    pub(crate) seconds: f64,
}

/// Percentiles of the latency, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Latency {
    pub(crate) fn of(latencies: impl IntoIterator<Item = Duration>) -> Self {
        let mut latencies: Vec<Duration> = latencies.into_iter().collect();
        latencies.sort_unstable();
        let percentile = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
        let ms = |percent| percentile(percent).unwrap_or_default().as_secs_f64() * 1000.0;
        Self { p50_ms: ms(50), p99_ms: ms(99) }
    }
}

/// When a request was due, and how long after that it was answered.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) due: Instant,
    pub(crate) latency: Duration,
}

/// Sends the requests in turn at a fixed rate.
pub(crate) async fn run(
    address: &str,
    requests: Arc<Vec<Vec<u8>>>,
    load: Load,
) -> anyhow::Result<Latency> {
    let samples = samples(address, requests, load).await?;
    Ok(Latency::of(samples.into_iter().map(|sample| sample.latency)))
}

/// Sends the requests in turn at a fixed rate, and returns each.
pub(crate) async fn samples(
    address: &str,
    requests: Arc<Vec<Vec<u8>>>,
    load: Load,
) -> anyhow::Result<Vec<Sample>> {
    let period = Duration::from_secs_f64(f64::from(CONNECTIONS) / load.rate);
    let start = Instant::now() + Duration::from_millis(50);
    let mut tasks = Vec::new();
    for index in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connection = Connection {
            stream,
            requests: Arc::clone(&requests),
            next: index as usize * requests.len() / CONNECTIONS as usize,
            due: start + period * index / CONNECTIONS,
            period,
            end: start + Duration::from_secs_f64(load.seconds),
        };
        tasks.push(tokio::spawn(connection.run()));
    }
    let mut samples = Vec::new();
    for task in tasks {
        samples.extend(task.await??);
    }
    Ok(samples)
}

/// One connection's part of the schedule.
struct Connection {
    stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: usize,
    due: Instant,
    period: Duration,
    end: Instant,
}

impl Connection {
    async fn run(mut self) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut buffer = Vec::new();
        while self.due < self.end {
            tokio::time::sleep_until(self.due).await;
            self.next = (self.next + 1) % self.requests.len();
            let Some(request) = self.requests.get(self.next) else { bail!("no requests") };
            self.stream.write_all(request).await?;
            read_response(&mut self.stream, &mut buffer).await?;
            samples.push(Sample { due: self.due, latency: self.due.elapsed() });
            self.due += self.period;
        }
        Ok(samples)
    }
}
