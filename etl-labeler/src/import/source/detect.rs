//! Compression and encoding, by the first bytes of a file.

use std::{
    fmt,
    io::{self, BufReader, Chain, Cursor, Read},
};

use flate2::read::MultiGzDecoder;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of a file, fewer only if it is shorter.
pub(super) fn head(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(8).read_to_end(&mut head)?;
    Ok(head)
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
