//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Longest wait of a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until the answer is yes. Returns how long that took.
/// # Panics
/// It stays no for too long.
pub async fn until(what: &str, mut asked: impl AsyncFnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !asked().await {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}
