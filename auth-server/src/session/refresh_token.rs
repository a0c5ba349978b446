//! What a refresh token is: session, counter, and a proof that this server wrote it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::crypto::{Purpose, Secrets};

/// Marks a refresh token for people and for programs that look for leaked secrets.
pub(crate) const PREFIX: &str = "rt_";

const ID: usize = 16;
const COUNTER: usize = 8;
const PROOF: usize = 32;

/// The keys that authenticate refresh tokens. Nothing about a token is stored but its counter, so
/// the same token can be written again.
pub(crate) struct RefreshKeys {
    current: Hmac<Sha256>,
    previous: Option<Hmac<Sha256>>,
}

/// One refresh token of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub session: Uuid,
    pub counter: i64,
}

impl Link {
    fn bytes(self) -> [u8; ID + COUNTER] {
        let mut bytes = [0; ID + COUNTER];
        let (id, counter) = bytes.split_at_mut(ID);
        id.copy_from_slice(self.session.as_bytes());
        counter.copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }
}

impl RefreshKeys {
    /// Writes with `current`, reads what `previous` wrote, too.
    #[must_use]
    pub(crate) fn new(current: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        Self { current: mac(current), previous: previous.map(mac) }
    }

    /// The keys that the server's secrets give.
    #[must_use]
    pub(crate) fn derive(secrets: &Secrets) -> Self {
        Self::new(
            &secrets.derive(Purpose::RefreshToken),
            secrets.derive_previous(Purpose::RefreshToken).as_deref(),
        )
    }

    pub(crate) fn write(&self, link: Link) -> String {
        let link = link.bytes();
        let proof = self.current.clone().chain_update(link).finalize().into_bytes();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([link.as_slice(), &proof].concat()))
    }

    /// The link that this text is the token of, if we wrote it.
    pub(crate) fn read(&self, token: &str) -> Option<Link> {
        let encoded = token.strip_prefix(PREFIX)?;
        let mut bytes = [0; ID + COUNTER + PROOF];
        // A text of another length doesn't fit, or leaves less than was asked for.
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        let (link, proof) = bytes.get(..length)?.split_first_chunk::<{ ID + COUNTER }>()?;
        let keys = [Some(&self.current), self.previous.as_ref()];
        let genuine = |key: &Hmac<Sha256>| {
            // Compares in constant time.
            key.clone().chain_update(link).verify_slice(proof).is_ok()
        };
        if !keys.into_iter().flatten().any(genuine) {
            return None;
        }
        let (id, counter) = link.split_first_chunk::<ID>()?;
        let counter = i64::from_be_bytes(*counter.first_chunk()?);
        Some(Link { session: Uuid::from_bytes(*id), counter })
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("an HMAC key")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link { session: Uuid::from_u128(7), counter: 3 };

    #[test]
    fn a_token_reads_back_and_is_always_the_same() {
        let keys = RefreshKeys::new(&[1; 32], None);
        let token = keys.write(LINK);
        assert!(token.starts_with("rt_") && token.len() == 78);
        assert_eq!(keys.read(&token), Some(LINK));
        assert_eq!(keys.write(LINK), token);
    }

    #[test]
    fn no_other_text_is_a_token() {
        let keys = RefreshKeys::new(&[1; 32], None);
        let token = keys.write(LINK);
        for at in PREFIX.len()..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys.read(std::str::from_utf8(&forged).unwrap()), None, "{at}");
        }
        for other in ["", "rt_", "rt_AAAA", &token[3..], &token[..77], &format!("{token}A")] {
            assert_eq!(keys.read(other), None, "{other}");
        }
        assert_eq!(keys.read(&RefreshKeys::new(&[2; 32], None).write(LINK)), None);
    }

    #[test]
    fn tokens_live_through_a_change_of_the_secret() {
        let token = RefreshKeys::new(&[1; 32], None).write(LINK);
        let turned = RefreshKeys::new(&[2; 32], Some(&[1; 32]));
        assert_eq!(turned.read(&token), Some(LINK));
    }
}
