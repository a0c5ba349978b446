//! What failed tries are counted for.

use std::fmt::Write;
use std::net::IpAddr;

use hmac::{Hmac, Mac};
use ipnet::{IpNet, Ipv6Net};
use sha2::Sha256;
use uuid::Uuid;

use crate::crypto::DerivedKey;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All tries from one network.
    Address,
    /// All tries at one login.
    Login,
    /// The tries at one login from one network.
    Pair,
    /// The tries of one signed-in user at this.
    User(&'static str),
    /// Mails to one address.
    Mailbox,
    /// Mails that were asked for from one network.
    Mailer,
}

impl Kind {
    /// Its name in header fields.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Login => "login",
            Self::Pair => "login-and-address",
            Self::User(purpose) => purpose,
            Self::Mailbox => "mailbox",
            Self::Mailer => "mails-by-address",
        }
    }
}

/// A name that tells nobody whose tries these are, and is short whatever was typed as a login.
pub(crate) type Key = [u8; 16];

/// One count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub kind: Kind,
    pub key: Key,
    pub tries: u32,
}

/// Makes names under a key of the server's.
pub(crate) struct Names(DerivedKey);

impl Names {
    pub(crate) const fn new(key: DerivedKey) -> Self {
        Self(key)
    }

    pub(crate) fn address(&self, network: IpNet) -> Key {
        self.name(b"address", &[network.to_string().as_bytes()])
    }

    pub(crate) fn login(&self, login: &str) -> Key {
        self.name(b"login", &[login.as_bytes()])
    }

    pub(crate) fn pair(&self, login: &str, network: IpNet) -> Key {
        self.name(b"pair", &[network.to_string().as_bytes(), login.as_bytes()])
    }

    pub(crate) fn mailbox(&self, email: &str) -> Key {
        self.name(b"mailbox", &[email.as_bytes()])
    }

    pub(crate) fn mailer(&self, network: IpNet) -> Key {
        self.name(b"mailer", &[network.to_string().as_bytes()])
    }

    pub(crate) fn user(&self, purpose: &str, user: Uuid) -> Key {
        self.name(b"user", &[purpose.as_bytes(), user.as_bytes()])
    }

    /// Only the last part may contain U+0000 or be made by a stranger.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn name(&self, kind: &[u8], parts: &[&[u8]]) -> Key {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("any key");
        mac.update(kind);
        for part in parts {
            mac.update(&[0]);
            mac.update(part);
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut key = Key::default();
        key.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        key
    }
}

/// What one customer of a provider usually has: a whole /64 of IPv6, one address of IPv4.
pub(crate) fn network(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).trunc().into(),
        v4 @ IpAddr::V4(_) => v4.into(),
    }
}

/// The name under which Redis keeps it.
pub(crate) fn in_redis(key: &Key) -> String {
    let mut text = String::from("auth:throttle:");
    for byte in key {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> String {
        network(address.parse().unwrap()).to_string()
    }

    #[test]
    fn a_subscriber_is_one_network() {
        assert_eq!(of("192.0.2.1"), "192.0.2.1/32");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1/32");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }

    #[test]
    fn each_count_has_a_name_of_its_own() {
        let names = Names::new(zeroize::Zeroizing::new([7; 32]));
        let (here, there) = (network("192.0.2.1".parse().unwrap()), network([10; 4].into()));
        let user = Uuid::nil();
        let all = [
            names.address(here),
            names.address(there),
            names.login("ada"),
            names.login("bob"),
            names.pair("ada", here),
            names.pair("ada", there),
            names.user("password", user),
            names.user("totp", user),
        ];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        let other = Names::new(zeroize::Zeroizing::new([8; 32]));
        assert_ne!(names.login("ada"), other.login("ada"));
        assert!(in_redis(&names.login("ada")).len() == 46);
    }
}
