//! Reads HTTP responses from a connection at minimal cost: the client shares the machine with the
//! server that it measures.

use anyhow::bail;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The body of one response with a Content-Length; any status but 200 is an error.
pub(crate) async fn read_response<'a>(
    stream: &mut TcpStream,
    buffer: &'a mut [u8],
) -> anyhow::Result<&'a str> {
    let mut filled = 0;
    let start = loop {
        let Some(room) = buffer.get_mut(filled..) else { bail!("the response is too long") };
        let read = stream.read(room).await?;
        if read == 0 {
            bail!("the connection was closed");
        }
        filled += read;
        let text = std::str::from_utf8(buffer.get(..filled).unwrap_or_default())?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if !head.starts_with("HTTP/1.1 200") {
            bail!("expected status 200: {text}");
        }
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break filled - body.len();
        }
    };
    Ok(std::str::from_utf8(buffer.get(start..filled).unwrap_or_default())?)
}
