//! Compression and encoding, by the first bytes of a file.

use std::{
    fmt,
    io::{self, BufReader, Chain, Cursor, ErrorKind, Read},
};

use flate2::read::MultiGzDecoder;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of a file, fewer only if it is shorter.
pub(super) fn head(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(8).read_to_end(&mut head)?;
    Ok(head)
}

/// The beginning of a text, at least to its first end of line. No more than that is waited for: the text may come
/// slowly.
pub(super) fn beginning(text: &mut impl Read) -> io::Result<Vec<u8>> {
    const ENOUGH: usize = 1 << 16;
    let mut start = head(text)?;
    let mut chunk = vec![0; ENOUGH];
    while start.len() < ENOUGH && !start.contains(&b'\n') {
        match text.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => start.extend(chunk.iter().take(read)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(start)
}

#[derive(Clone, Copy)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By its magic number. An archive that is not read here is an error, which says what to do.
    pub(super) fn of(head: &[u8]) -> Result<Self, &'static str> {
        match head {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Self::Zstd),
            [b'P', b'K', 3, 4, ..] => {
                Err("is a ZIP archive; unpack it: unzip -p FILE | etl-labeler import -")
            }
            [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                Err("is compressed with xz; decompress it: xz -dc FILE | etl-labeler import -")
            }
            [b'B', b'Z', b'h', ..] => Err(
                "is compressed with bzip2; decompress it: bzip2 -dc FILE | etl-labeler import -",
            ),
            _ => Ok(Self::None),
        }
    }

    /// Several compressed files in a row are read as one, as `gzip` and `zstd` do.
    pub(super) fn decompress(
        self,
        head: Vec<u8>,
        rest: impl Read + Send + 'static,
    ) -> io::Result<Box<dyn Read + Send>> {
        let whole: BufReader<Chain<Cursor<Vec<u8>>, _>> =
            BufReader::with_capacity(1 << 16, Cursor::new(head).chain(rest));
        Ok(match self {
            Self::None => Box::new(whole),
            Self::Gzip => Box::new(MultiGzDecoder::new(whole)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(whole)?),
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "",
            Self::Gzip => "gzip, ",
            Self::Zstd => "zstd, ",
        })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Encoding {
    byte_order_mark: bool,
}

impl Encoding {
    /// UTF-8, with or without a byte order mark. Text never begins with a NUL, so UTF-16 is noticed
    /// without its mark, too.
    pub(super) fn of(head: &[u8]) -> Result<Self, &'static str> {
        match head {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] => {
                Err("is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | etl-labeler import -")
            }
            _ => Ok(Self { byte_order_mark: head.starts_with(BYTE_ORDER_MARK) }),
        }
    }

    /// The first bytes of the text itself.
    pub(super) fn text(self, mut head: Vec<u8>) -> Cursor<Vec<u8>> {
        if self.byte_order_mark {
            head.drain(..BYTE_ORDER_MARK.len());
        }
        Cursor::new(head)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UTF-8")?;
        if self.byte_order_mark { f.write_str(" with byte order mark") } else { Ok(()) }
    }
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnds {
    LineFeed,
    CarriageReturnLineFeed,
    /// As some programs for spreadsheets still write.
    CarriageReturn,
}

impl LineEnds {
    /// By the first end of line.
    pub(super) fn of(start: &[u8]) -> Self {
        match start.iter().position(|byte| *byte == b'\n') {
            Some(end) if start.iter().take(end).next_back() == Some(&b'\r') => {
                Self::CarriageReturnLineFeed
            }
            None if start.trim_ascii_end().contains(&b'\r') => Self::CarriageReturn,
            _ => Self::LineFeed,
        }
    }

    /// The text with line feeds at the ends of lines, alone or after a carriage return.
    pub(super) fn as_line_feeds(self, text: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        match self {
            Self::CarriageReturn => Box::new(LineFeeds(text)),
            Self::LineFeed | Self::CarriageReturnLineFeed => Box::new(text),
        }
    }
}

impl fmt::Display for LineEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineFeed => "",
            Self::CarriageReturnLineFeed => ", CRLF",
            Self::CarriageReturn => ", CR",
        })
    }
}

/// Replaces carriage returns.
struct LineFeeds<R>(R);

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        let returns = buffer.iter_mut().take(read).filter(|byte| **byte == b'\r');
        returns.for_each(|byte| *byte = b'\n');
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_those_of_the_first_line() {
        for (start, line_ends) in [
            ("", LineEnds::LineFeed),
            ("a\nb\r\n", LineEnds::LineFeed),
            ("a\r\nb\n", LineEnds::CarriageReturnLineFeed),
            ("a\rb\r", LineEnds::CarriageReturn),
            ("a\r", LineEnds::LineFeed),
            ("\n", LineEnds::LineFeed),
        ] {
            assert_eq!(LineEnds::of(start.as_bytes()), line_ends, "{start:?}");
        }
    }

    /// A reader that would wait for more is not read.
    #[test]
    fn the_beginning_ends_with_the_read_that_has_a_line() {
        struct Slow<'a>(&'a [&'a [u8]]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let (first, rest) = self.0.split_first().expect("waits");
                self.0 = rest;
                buffer[..first.len()].copy_from_slice(first);
                Ok(first.len())
            }
        }
        let mut slow = Slow(&[b"8 bytes.", b"and more", b"\r\n, then"]);
        assert_eq!(beginning(&mut slow).unwrap(), b"8 bytes.and more\r\n, then");
    }
}
