//! What failed attempts are counted by.

use std::fmt::Write;

use hmac::{Hmac, Mac};
use ipnet::IpNet;
use sha2::Sha256;
use uuid::Uuid;

use crate::crypto::DerivedKey;
use crate::redis::THROTTLE_PREFIX;

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CounterKind {
    /// Attempts from one IP network.
    Address,
    /// Attempts at one account.
    Account,
    /// Attempts at one account from one IP network.
    AccountAndAddress,
    /// Attempts of one logged-in user for this purpose.
    User(&'static str),
    /// E-mails to one address.
    Mailbox,
    /// E-mails requested from one IP network.
    Mailer,
}

impl CounterKind {
    /// Name of the policy in the `RateLimit` header.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "login",
            Self::AccountAndAddress => "login-and-address",
            Self::User(purpose) => purpose,
            Self::Mailbox => "mailbox",
            Self::Mailer => "emails-by-address",
        }
    }
}

/// Names a counter without revealing the account or address, in constant length.
pub(crate) type CounterKey = [u8; 16];

/// One counter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter {
    pub kind: CounterKind,
    pub key: CounterKey,
    /// Failed attempts before the first lockout delay.
    pub attempts: u32,
}

/// Derives counter keys with an HMAC.
pub(crate) struct CounterKeys(DerivedKey);

impl CounterKeys {
    pub(crate) const fn new(key: DerivedKey) -> Self {
        Self(key)
    }

    pub(crate) fn address(&self, network: IpNet) -> CounterKey {
        self.derive(b"address", &[network.to_string().as_bytes()])
    }

    pub(crate) fn account(&self, login: &str) -> CounterKey {
        self.derive(b"login", &[login.as_bytes()])
    }

    pub(crate) fn account_and_address(&self, login: &str, network: IpNet) -> CounterKey {
        self.derive(b"login-and-address", &[network.to_string().as_bytes(), login.as_bytes()])
    }

    pub(crate) fn mailbox(&self, email: &str) -> CounterKey {
        self.derive(b"mailbox", &[email.as_bytes()])
    }

    pub(crate) fn mailer(&self, network: IpNet) -> CounterKey {
        self.derive(b"mailer", &[network.to_string().as_bytes()])
    }

    pub(crate) fn registrations_from(&self, network: IpNet) -> CounterKey {
        self.derive(b"registrations-from", &[network.to_string().as_bytes()])
    }

    pub(crate) fn registrations(&self) -> CounterKey {
        self.derive(b"registrations", &[])
    }

    pub(crate) fn user(&self, purpose: &str, user: Uuid) -> CounterKey {
        self.derive(b"user", &[purpose.as_bytes(), user.as_bytes()])
    }

    /// Parts are separated by a zero byte: only the last one may contain zeros or be chosen by a
    /// client.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn derive(&self, kind: &[u8], parts: &[&[u8]]) -> CounterKey {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("any key");
        mac.update(kind);
        for part in parts {
            mac.update(&[0]);
            mac.update(part);
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut key = CounterKey::default();
        key.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        key
    }
}

/// How long an attempt in progress counts if its server never ends it, ms. Longer than any attempt.
pub(crate) const LEASE: i64 = 60_000;

/// The key of a counter in Redis.
pub(crate) fn redis_key(key: &CounterKey) -> String {
    let mut text = THROTTLE_PREFIX.to_owned();
    for byte in key {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The key of a counter's attempts in progress in Redis.
pub(crate) fn pending_key(key: &CounterKey) -> String {
    redis_key(key) + ":pending"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::network;

    #[test]
    fn each_counter_has_its_own_key() {
        let keys = CounterKeys::new(zeroize::Zeroizing::new([7; 32]));
        let (here, there) = (network::of([192, 0, 2, 1].into()), network::of([10; 4].into()));
        let user = Uuid::nil();
        let all = [
            keys.address(here),
            keys.address(there),
            keys.account("ada"),
            keys.account("bob"),
            keys.account_and_address("ada", here),
            keys.account_and_address("ada", there),
            keys.user("password", user),
            keys.user("totp", user),
        ];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        let other = CounterKeys::new(zeroize::Zeroizing::new([8; 32]));
        assert_ne!(keys.account("ada"), other.account("ada"));
        assert!(redis_key(&keys.account("ada")).len() == 48);
    }
}
