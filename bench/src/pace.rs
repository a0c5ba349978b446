//! At a fixed rate: requests leave on a schedule, and latency counts from the time at which a
//! request was due, so that a stall is not hidden by sending less.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::wire::read_answer;

/// Connections that share the rate.
const CONNECTIONS: u32 = 16;

/// p50 and p99 in milliseconds at `rate` requests a second.
pub(crate) async fn run(
    address: &str,
    requests: Arc<Vec<Vec<u8>>>,
    rate: f64,
    seconds: f64,
) -> anyhow::Result<(f64, f64)> {
    let period = Duration::from_secs_f64(f64::from(CONNECTIONS) / rate);
    let start = Instant::now() + Duration::from_millis(50);
    let mut tasks = Vec::new();
    for index in 0..CONNECTIONS {
        let first = start + period * index / CONNECTIONS;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let until = start + Duration::from_secs_f64(seconds);
        let requests = Arc::clone(&requests);
        let at = index as usize * requests.len() / CONNECTIONS as usize;
        tasks.push(tokio::spawn(connection(stream, requests, at, first, period, until)));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    latencies.sort_unstable();
    let at = |part: usize| latencies.get(latencies.len() * part / 100).copied();
    let ms = |part| at(part).unwrap_or_default().as_secs_f64() * 1000.0;
    Ok((ms(50), ms(99)))
}

async fn connection(
    mut stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    mut at: usize,
    mut due: Instant,
    period: Duration,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    while due < until {
        tokio::time::sleep_until(due).await;
        at = (at + 1) % requests.len();
        let Some(request) = requests.get(at) else { bail!("no requests") };
        stream.write_all(request).await?;
        read_answer(&mut stream, &mut buffer).await?;
        latencies.push(due.elapsed());
        due += period;
    }
    Ok(latencies)
}
