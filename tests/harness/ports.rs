//! Free ports on loopback.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports handed out by this process.
static NUMBER: AtomicU16 = AtomicU16::new(0);

/// A port that is free now, and stays so: it is below 32768, where no outgoing connection takes it,
/// and the tests of one process get different ones.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let process = u16::try_from(std::process::id() % 1_000).unwrap();
    let first = 20_000 + 10 * process + NUMBER.fetch_add(1, Ordering::Relaxed);
    (first..32_768).find(is_free).unwrap()
}

/// `127.0.0.1` with a free port.
#[must_use]
pub fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}
