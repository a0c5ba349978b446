//! The path of a request to another application, decoded once.
//!
//! A rule on a prefix of paths is worth something only if the application reads the path as this server does. So a
//! path that applications read in several ways is refused, as the strict firewall of Spring Security does.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AmbiguousPath {
    #[error("The path does not begin with a slash.")]
    NotAbsolute,
    #[error("The path contains a space or `#` that is not encoded.")]
    Unencoded,
    #[error("The path contains a `%` that is not followed by two hexadecimal digits.")]
    InvalidEscape,
    #[error("The path contains an encoded slash (%2F).")]
    EncodedSlash,
    #[error("The path is not valid UTF-8.")]
    NotUtf8,
    #[error("The path contains a control character.")]
    ControlCharacter,
    #[error("The path contains a backslash.")]
    Backslash,
    #[error("The path contains a semicolon, which some applications cut off with what follows.")]
    Semicolon,
    #[error("The path contains an empty segment (`//`).")]
    EmptySegment,
    #[error("The path contains a segment `.` or `..`.")]
    DotSegment,
}

/// The decoded form of a path without its query, if it has only one reading.
pub(super) fn decode(raw: &[u8]) -> Result<Cow<'_, str>, AmbiguousPath> {
    if !raw.starts_with(b"/") {
        return Err(AmbiguousPath::NotAbsolute);
    }
    // Several headers that were joined to one have a space after the comma.
    if raw.iter().any(|byte| matches!(byte, b' ' | b'#')) {
        return Err(AmbiguousPath::Unencoded);
    }
    check_escapes(raw)?;
    let path = percent_decode(raw).decode_utf8().map_err(|_| AmbiguousPath::NotUtf8)?;
    check_characters(&path)?;
    check_segments(&path)?;
    Ok(path)
}

fn check_escapes(raw: &[u8]) -> Result<(), AmbiguousPath> {
    for after in raw.split(|&byte| byte == b'%').skip(1) {
        let [high, low, ..] = after else { return Err(AmbiguousPath::InvalidEscape) };
        if !(high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) {
            return Err(AmbiguousPath::InvalidEscape);
        }
        if (*high, low.to_ascii_lowercase()) == (b'2', b'f') {
            return Err(AmbiguousPath::EncodedSlash);
        }
    }
    Ok(())
}

fn check_characters(path: &str) -> Result<(), AmbiguousPath> {
    for character in path.chars() {
        match character {
            '\\' => return Err(AmbiguousPath::Backslash),
            ';' => return Err(AmbiguousPath::Semicolon),
            _ if character.is_control() => return Err(AmbiguousPath::ControlCharacter),
            _ => {}
        }
    }
    Ok(())
}

/// A slash at the end is no segment of its own.
fn check_segments(path: &str) -> Result<(), AmbiguousPath> {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "" if segments.peek().is_some() => return Err(AmbiguousPath::EmptySegment),
            "." | ".." => return Err(AmbiguousPath::DotSegment),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::AmbiguousPath::{
        Backslash, ControlCharacter, DotSegment, EmptySegment, EncodedSlash, InvalidEscape,
        NotAbsolute, NotUtf8, Semicolon, Unencoded,
    };
    use super::*;

    #[test]
    fn a_path_with_one_reading_is_decoded_once() {
        for (raw, decoded) in [
            ("/", "/"),
            ("/admin", "/admin"),
            ("/admin/", "/admin/"),
            ("/%61dmin/%7Eada", "/admin/~ada"),
            ("/Am%C3%A9lie", "/Amélie"),
            ("/Amélie", "/Amélie"),
            ("/a%20b+c,d", "/a b+c,d"),
            ("/50%25", "/50%"),
            ("/%2561dmin", "/%61dmin"),
            ("/.well-known/x", "/.well-known/x"),
            ("/...", "/..."),
            ("/a..b/.c/d.", "/a..b/.c/d."),
            ("/%3F%23", "/?#"),
        ] {
            assert_eq!(decode(raw.as_bytes()).as_deref(), Ok(decoded), "{raw}");
        }
    }

    #[test]
    fn a_path_with_several_readings_is_refused() {
        for (raw, why) in [
            ("", NotAbsolute),
            ("*", NotAbsolute),
            ("admin", NotAbsolute),
            ("http://films.example/admin", NotAbsolute),
            ("%2Fadmin", NotAbsolute),
            ("/a, /b", Unencoded),
            ("/a b", Unencoded),
            ("/public#/admin", Unencoded),
            ("/%", InvalidEscape),
            ("/%a", InvalidEscape),
            ("/%zz", InvalidEscape),
            ("/%%32e", InvalidEscape),
            ("/%+1", InvalidEscape),
            ("/%u002e", InvalidEscape),
            ("/public%2Fadmin", EncodedSlash),
            ("/public%2fadmin", EncodedSlash),
            ("/public/..%2Fadmin", EncodedSlash),
            ("/%ff", NotUtf8),
            ("/%C3", NotUtf8),
            // An overlong form of `/`, and of `.`.
            ("/%C0%AFadmin", NotUtf8),
            ("/%C0%AE%C0%AE/admin", NotUtf8),
            ("/%ED%A0%80", NotUtf8),
            ("/a%00", ControlCharacter),
            ("/a%0d%0aX-Auth-User:%20root", ControlCharacter),
            ("/a\tb", ControlCharacter),
            ("/%7F", ControlCharacter),
            ("/%C2%85", ControlCharacter),
            ("/public\\admin", Backslash),
            ("/public%5Cadmin", Backslash),
            ("/public%5c..%5cadmin", Backslash),
            ("/admin;x=1/users", Semicolon),
            ("/public/..;/admin", Semicolon),
            ("/admin%3Bx", Semicolon),
            ("//", EmptySegment),
            ("//admin", EmptySegment),
            ("/a//b", EmptySegment),
            ("/a//", EmptySegment),
            ("/.", DotSegment),
            ("/./admin", DotSegment),
            ("/..", DotSegment),
            ("/public/../admin", DotSegment),
            ("/public/%2e%2e/admin", DotSegment),
            ("/public/.%2E/admin", DotSegment),
            ("/admin/%2e", DotSegment),
            ("/admin/..", DotSegment),
        ] {
            assert_eq!(decode(raw.as_bytes()), Err(why), "{raw}");
        }
        assert_eq!(decode(b"/\xff"), Err(NotUtf8));
    }
}
