//! Reads HTTP responses from a connection at minimal cost: the client shares the machine with the
//! server that it measures.

use std::borrow::Cow;

use anyhow::{Context, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Room for a response; the buffer grows if one is longer.
const ROOM: usize = 16 << 10;
/// The end of a body that is sent in chunks.
const LAST_CHUNK: &str = "0\r\n\r\n";

/// The body of one response; any status but 2xx is an error.
pub(crate) async fn read_response<'a>(
    stream: &mut TcpStream,
    buffer: &'a mut Vec<u8>,
) -> anyhow::Result<Cow<'a, str>> {
    let mut filled = 0;
    let head = loop {
        filled += read_more(stream, buffer, filled).await?;
        let Some(head) = head_length(buffer.get(..filled).unwrap_or_default()) else { continue };
        break head;
    };
    let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
    let (is_ok, length) = (text.starts_with("HTTP/1.1 2"), content_length(text));
    let is_complete = |body: &[u8]| match length {
        Some(length) => body.len() >= length,
        None => body.ends_with(LAST_CHUNK.as_bytes()),
    };
    while !is_complete(buffer.get(head..filled).unwrap_or_default()) {
        filled += read_more(stream, buffer, filled).await?;
    }
    let body = std::str::from_utf8(buffer.get(head..filled).unwrap_or_default())?;
    ensure!(is_ok, "expected success: {body}");
    if length.is_some() { Ok(body.into()) } else { Ok(join_chunks(body)?.into()) }
}

/// The length of the head of a response, if it is complete.
fn head_length(response: &[u8]) -> Option<usize> {
    Some(response.windows(4).position(|end| end == b"\r\n\r\n")? + 4)
}

/// The length of the body; none if it is sent in chunks.
fn content_length(head: &str) -> Option<usize> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?.1.parse().ok()
}

fn join_chunks(mut body: &str) -> anyhow::Result<String> {
    let mut joined = String::with_capacity(body.len());
    loop {
        let (length, rest) = body.split_once("\r\n").context("a chunk without a length")?;
        let length = usize::from_str_radix(length, 16)?;
        if length == 0 {
            return Ok(joined);
        }
        joined.push_str(rest.get(..length).context("an incomplete chunk")?);
        body = rest.get(length + 2..).context("an incomplete chunk")?;
    }
}

/// Reads what has arrived into the buffer, behind what is in it.
async fn read_more(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    filled: usize,
) -> anyhow::Result<usize> {
    if buffer.len() < filled + ROOM / 2 {
        buffer.resize(buffer.len() * 2 + ROOM, 0);
    }
    let read = stream.read(buffer.get_mut(filled..).unwrap_or_default()).await?;
    ensure!(read > 0, "the connection was closed");
    Ok(read)
}
