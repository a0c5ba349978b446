//! One HTTP/1.1 connection that is used for several requests, written byte by byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A kept connection. Unlike a client library it never opens another one.
pub struct KeptConnection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl KeptConnection {
    /// To the server at this URL.
    ///
    /// # Panics
    /// If the server does not accept connections.
    pub async fn to(url: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Sends a part of a request.
    ///
    /// # Panics
    /// If the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next response: its head, and its status. The body is skipped.
    ///
    /// # Panics
    /// If there is none.
    pub async fn response(&mut self) -> (u16, String) {
        let head = timeout(TIMEOUT, self.head()).await.unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head)
    }

    async fn head(&mut self) -> String {
        loop {
            let end = self.received.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
                let head = head.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1);
                let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
                while self.received.len() < length {
                    assert!(self.read().await > 0, "closed within a response");
                }
                self.received.drain(..length);
                return head;
            }
            assert!(self.read().await > 0, "closed without a response");
        }
    }

    async fn read(&mut self) -> usize {
        self.stream.read_buf(&mut self.received).await.unwrap()
    }

    /// Waits until the server has closed the connection.
    ///
    /// # Panics
    /// If the server sends something, or does not close the connection.
    pub async fn closed(&mut self) {
        // A server that closes while data arrives resets the connection.
        let read = timeout(TIMEOUT, self.stream.read_buf(&mut self.received)).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}
