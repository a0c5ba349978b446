//! Free ports on loopback.

use std::net::TcpListener;

/// A port that is free now.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `127.0.0.1` with a port that is free now.
#[must_use]
pub fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}
