//! The PROXY protocol, which is not spoken here: a proxy that is configured for it breaks every connection.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How a connection begins with version 1 or 2 of the protocol.
const STARTS: [&[u8]; 2] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"];

const HINT: &str = "the PROXY protocol is not spoken here; turn it off in the proxy, and let it send X-Forwarded-For or \
                    Forwarded (setting *_TRUSTED_PROXIES)";

static WARNED: AtomicBool = AtomicBool::new(false);

/// Answers a connection that begins with the PROXY protocol; `false` for any other.
pub(crate) async fn refuse(socket: &mut TcpStream) -> bool {
    let mut first = [0; 12];
    let read = socket.peek(&mut first).await.unwrap_or_default();
    let begun = first.get(..read).unwrap_or_default();
    if !STARTS.iter().any(|start| begun.starts_with(start)) {
        return false;
    }
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!("{HINT}");
    }
    let length = HINT.len();
    let response = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{HINT}"
    );
    // The proxy may have gone already.
    let _unanswered = socket.write_all(response.as_bytes()).await;
    true
}
