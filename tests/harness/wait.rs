//! Waiting for a condition, never for a fixed time.

use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Evaluates the condition until it holds; returns how long that took.
///
/// # Panics
/// If it does not hold within 30 seconds.
pub async fn until(what: &str, condition: impl AsyncFnMut() -> bool) -> Duration {
    until_within(TIMEOUT, what, condition).await
}

/// Evaluates the condition until it holds; returns how long that took.
///
/// # Panics
/// If it does not hold within `limit`.
pub async fn until_within(
    limit: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> bool,
) -> Duration {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}
