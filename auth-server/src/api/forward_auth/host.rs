//! The host of a request to another application.

use std::net::Ipv6Addr;

/// Maximum length of a host name, by DNS.
const MAX_BYTES: usize = 253;

/// The host in lower case and without the port, if it is a name or an address. A name has no dot at its end: for
/// DNS it would be the same name, and no rule would apply to it.
pub(super) fn canonical(authority: &[u8]) -> Option<String> {
    let text = str::from_utf8(authority).ok()?;
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return is_port(port).then(|| format!("[{address}]"));
    }
    let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    (is_name(name) && is_port(port)).then(|| name.to_ascii_lowercase())
}

/// Nothing, or a colon and a number.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn is_name(name: &str) -> bool {
    let is_label_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_label_byte);
    name.len() <= MAX_BYTES && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_host_has_one_spelling() {
        for (authority, host) in [
            ("films.example", "films.example"),
            ("Films.EXAMPLE:8443", "films.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("film_site", "film_site"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[0:0::0:1]:443", "[::1]"),
            ("[2001:DB8::A]", "[2001:db8::a]"),
        ] {
            assert_eq!(canonical(authority.as_bytes()).as_deref(), Some(host), "{authority}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for authority in [
            "",
            ":80",
            ".",
            "films.example.",
            ".films.example",
            "films..example",
            "films.example:",
            "films.example:x",
            "films.example:99999",
            "films.example:80:80",
            "films.example/admin",
            "films.example, other.example",
            "user@films.example",
            "films example",
            "films%2eexample",
            "bücher.example",
            "::1",
            "[::1",
            "[::1]x",
            "[fe80::1%25eth0]",
            "*",
            &"a".repeat(254),
        ] {
            assert_eq!(canonical(authority.as_bytes()), None, "{authority}");
        }
        assert_eq!(canonical(b"films\xff.example"), None);
    }
}
