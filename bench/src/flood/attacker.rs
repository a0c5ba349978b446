//! Sends a flood: each request on a connection of its own, on schedule, whatever the server answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attack::{Attack, Material};

/// Connections at a time; beyond that, the flood waits.
const CONNECTIONS: usize = 256;
/// A response that takes longer counts as none.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Number of responses by status; 0 stands for none.
#[derive(Default)]
pub(crate) struct Answers(BTreeMap<u16, u32>);

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter().map(|(status, count)| format!("{count} × {status}"));
        f.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}

/// Floods the server for this long. Requests are numbered across all floods of one kind.
pub(crate) async fn run(
    address: String,
    attack: &'static Attack,
    material: Arc<Material>,
    time: Duration,
) -> anyhow::Result<Answers> {
    let (mut answers, mut requests) = (Answers::default(), JoinSet::new());
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let (start, period) = (Instant::now(), Duration::from_secs(1) / attack.per_second);
    let mut due = start;
    while due < start + time {
        tokio::time::sleep_until(due).await;
        due += period;
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let (address, bytes) = (address.clone(), attack.next(&address, &material));
        requests.spawn(async move {
            let _slot = slot;
            tokio::time::timeout(TIMEOUT, send(&address, &bytes, attack.hangs_up)).await
        });
        while let Some(answer) = requests.try_join_next() {
            answers.count(answer?.ok().and_then(Result::ok));
        }
    }
    while let Some(answer) = requests.join_next().await {
        answers.count(answer?.ok().and_then(Result::ok));
    }
    Ok(answers)
}

impl Answers {
    fn count(&mut self, status: Option<u16>) {
        *self.0.entry(status.unwrap_or(0)).or_default() += 1;
    }
}

async fn send(address: &str, request: &[u8], hangs_up: bool) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    if hangs_up {
        // Long enough for the server to read the request and to begin with it.
        tokio::time::sleep(Duration::from_millis(5)).await;
        return Ok(0);
    }
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    let status = response.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
    Ok(status.unwrap_or_default().parse()?)
}
