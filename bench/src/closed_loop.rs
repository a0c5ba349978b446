//! Closed-loop load: each client sends its next request when it has the last response, so the rate is
//! as high as the server allows.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;

/// A client with a state of its own, such as a connection or a session.
pub(crate) trait Client: Send + 'static {
    /// Sends one request and waits for its response.
    fn request(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Requests per second of all clients together over `time`. Returns the clients for the next run.
pub(crate) async fn run<C: Client>(
    clients: Vec<C>,
    time: Duration,
) -> anyhow::Result<(f64, Vec<C>)> {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            let mut requests = 0_u32;
            while begin.elapsed() < time {
                client.request().await?;
                requests += 1;
            }
            anyhow::Ok((requests, client))
        });
    }
    let (mut total, mut clients) = (0, Vec::new());
    while let Some(task) = tasks.join_next().await {
        let (requests, client) = task??;
        total += requests;
        clients.push(client);
    }
    ensure!(total > 0, "no request succeeded");
    Ok((f64::from(total) / begin.elapsed().as_secs_f64(), clients))
}
