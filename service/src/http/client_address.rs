//! The client's address, seen through trusted proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use poem::http::HeaderMap;
use poem::http::header::{FORWARDED, HeaderName};
use poem::{FromRequest, Request, RequestBody, Result};

use super::RequestContext;
use crate::config::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Address of the client: of the peer or, if that is a trusted proxy, of the client that the proxy
/// names.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl<'a> FromRequest<'a> for ClientAddress {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self(
            RequestContext::read(|context| context.client).unwrap_or_else(|| peer_address(request)),
        ))
    }
}

/// The client of this request.
pub(super) fn of(request: &Request, trusted: &TrustedProxies) -> IpAddr {
    client(peer_address(request), request.headers(), trusted)
}

/// Address of the peer itself, which may be a proxy.
#[must_use]
pub fn peer_address(request: &Request) -> IpAddr {
    let socket = request.remote_addr().as_socket_addr();
    socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip).to_canonical()
}

/// A proxy that sets one of the headers passes the other on as the client made it up. So if both are
/// there and differ, neither is believed.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let named = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
        headers.contains_key(name).then(|| farthest(peer, hops(headers, name, read), trusted))
    };
    if !trusted.contains(peer) {
        warn_once(peer, headers);
        return peer;
    }
    match (named(&X_FORWARDED_FOR, address), named(&FORWARDED, forwarded_for)) {
        (Some(one), Some(other)) if one != other => peer,
        (one, other) => one.or(other).unwrap_or(peer),
    }
}

/// The farthest address that an unbroken chain of trusted proxies vouches for.
fn farthest(peer: IpAddr, hops: Vec<Option<IpAddr>>, trusted: &TrustedProxies) -> IpAddr {
    let mut farthest = peer;
    for hop in hops.into_iter().rev() {
        let Some(hop) = hop else { break };
        farthest = hop;
        if !trusted.contains(hop) {
            break;
        }
    }
    farthest
}

/// What the header says about each hop, the nearest last. Split at every comma, quoted or not: no
/// address contains one, and a quote that a client left open must not swallow what proxies added.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(read).collect()
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, or nothing.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let socket = || text.parse::<SocketAddr>().map(|socket| socket.ip());
    bare.parse::<IpAddr>().or_else(|_| socket()).ok().map(|address| address.to_canonical())
}

/// `for=192.0.2.1;proto=https` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(node.trim_matches('"'))
}

/// An unknown proxy makes all clients look like one.
fn warn_once(peer: IpAddr, headers: &HeaderMap) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
    if forwarded && !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %peer,
            "ignoring X-Forwarded-For or Forwarded from an address that is not a trusted proxy \
             (setting *_TRUSTED_PROXIES)"
        );
    }
}

#[cfg(test)]
#[path = "client_address_tests.rs"]
mod tests;
