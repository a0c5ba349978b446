use poem::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use super::{IpAddr, TrustedProxies, client};

fn of(peer: &str, headers: &[(&'static str, &str)]) -> String {
    let trusted = StrDeserializer::<Error>::new("10.0.0.0/8, fd00::1");
    let trusted = TrustedProxies::deserialize(trusted).expect("networks");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
    }
    let peer: IpAddr = peer.parse().expect("an address");
    client(peer, &map, &trusted).to_string()
}

#[test]
fn strangers_are_not_asked_where_they_come_from() {
    for header in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")] {
        assert_eq!(of("198.51.100.7", &[header]), "198.51.100.7");
    }
}

#[test]
fn a_trusted_proxy_names_the_client_in_any_of_the_usual_forms() {
    for (name, value, expected) in [
        ("x-forwarded-for", "192.0.2.1", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.1:4711", "192.0.2.1"),
        ("x-forwarded-for", "[2001:db8::1]:4711", "2001:db8::1"),
        ("x-forwarded-for", "2001:db8::1", "2001:db8::1"),
        ("x-forwarded-for", "::ffff:192.0.2.1", "192.0.2.1"),
        ("forwarded", "proto=https;For=192.0.2.1", "192.0.2.1"),
        ("forwarded", "for=\"[2001:db8::1]:4711\";by=10.0.0.1", "2001:db8::1"),
    ] {
        assert_eq!(of("10.0.0.1", &[(name, value)]), expected, "{name}: {value}");
    }
    assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn what_the_client_made_up_stands_before_what_the_proxy_added() {
    for (name, value, expected) in [
        ("x-forwarded-for", "1.1.1.1, 192.0.2.1", "192.0.2.1"),
        ("x-forwarded-for", "1.1.1.1, 192.0.2.1, 10.0.0.2, fd00::1", "192.0.2.1"),
        ("x-forwarded-for", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("x-forwarded-for", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("forwarded", "for=1.1.1.1, for=192.0.2.1", "192.0.2.1"),
        ("forwarded", "for=\"1.1.1.1, for=192.0.2.1", "192.0.2.1"),
        ("forwarded", "for=unknown", "10.0.0.1"),
        ("forwarded", "for=_hidden, for=10.0.0.9", "10.0.0.9"),
        ("forwarded", "", "10.0.0.1"),
    ] {
        assert_eq!(of("10.0.0.1", &[(name, value)]), expected, "{name}: {value}");
    }
    let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(of("10.0.0.1", &lines), "192.0.2.1");
}

#[test]
fn of_two_headers_that_differ_none_is_believed() {
    let one = ("x-forwarded-for", "192.0.2.1");
    assert_eq!(of("10.0.0.1", &[one, ("forwarded", "for=1.1.1.1")]), "10.0.0.1");
    assert_eq!(of("10.0.0.1", &[one, ("forwarded", "for=192.0.2.1")]), "192.0.2.1");
}
