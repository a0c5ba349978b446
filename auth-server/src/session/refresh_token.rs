//! The format of a refresh token: session, counter, and a MAC that shows that this server issued it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::crypto::{Purpose, Secrets};

/// Identifies a refresh token to readers and to programs that scan for leaked secrets.
pub(crate) const PREFIX: &str = "rt_";

const ID: usize = 16;
const COUNTER: usize = 8;
const MAC: usize = 32;

/// The keys that authenticate refresh tokens. Only a token's counter is stored, so the same token can
/// be encoded again.
pub(crate) struct RefreshKeys {
    current: Hmac<Sha256>,
    others: Vec<Hmac<Sha256>>,
}

/// What a refresh token contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub session: Uuid,
    pub counter: i64,
}

impl RefreshToken {
    fn bytes(self) -> [u8; ID + COUNTER] {
        let mut bytes = [0; ID + COUNTER];
        let (id, counter) = bytes.split_at_mut(ID);
        id.copy_from_slice(self.session.as_bytes());
        counter.copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }
}

impl RefreshKeys {
    /// Keys that encode with `current`, and also decode what the others encoded.
    pub(crate) fn new<'a>(
        current: &[u8; 32],
        others: impl IntoIterator<Item = &'a [u8; 32]>,
    ) -> Self {
        Self { current: mac(current), others: others.into_iter().map(mac).collect() }
    }

    /// The keys derived from the server's secrets.
    #[must_use]
    pub(crate) fn derive(secrets: &Secrets) -> Self {
        let others = secrets.derive_others(Purpose::RefreshToken);
        Self::new(&secrets.derive(Purpose::RefreshToken), others.iter().map(|key| &**key))
    }

    pub(crate) fn encode(&self, token: RefreshToken) -> String {
        let content = token.bytes();
        let mac = self.current.clone().chain_update(content).finalize().into_bytes();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([content.as_slice(), &mac].concat()))
    }

    /// The content of a token, if this server issued it.
    pub(crate) fn decode(&self, token: &str) -> Option<RefreshToken> {
        let encoded = token.strip_prefix(PREFIX)?;
        let mut bytes = [0; ID + COUNTER + MAC];
        // Text of another length does not fit, or is too short for the MAC.
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        let (content, mac) = bytes.get(..length)?.split_first_chunk::<{ ID + COUNTER }>()?;
        let mut keys = [&self.current].into_iter().chain(&self.others);
        let genuine = |key: &Hmac<Sha256>| {
            // Compares in constant time.
            key.clone().chain_update(content).verify_slice(mac).is_ok()
        };
        if !keys.any(genuine) {
            return None;
        }
        let (id, counter) = content.split_first_chunk::<ID>()?;
        let counter = i64::from_be_bytes(*counter.first_chunk()?);
        Some(RefreshToken { session: Uuid::from_bytes(*id), counter })
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("an HMAC key")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: RefreshToken = RefreshToken { session: Uuid::from_u128(7), counter: 3 };

    #[test]
    fn a_token_reads_back_and_is_always_the_same() {
        let keys = RefreshKeys::new(&[1; 32], None);
        let token = keys.encode(TOKEN);
        assert!(token.starts_with("rt_") && token.len() == 78);
        assert_eq!(keys.decode(&token), Some(TOKEN));
        assert_eq!(keys.encode(TOKEN), token);
    }

    #[test]
    fn other_text_is_not_a_token() {
        let keys = RefreshKeys::new(&[1; 32], None);
        let token = keys.encode(TOKEN);
        for at in PREFIX.len()..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys.decode(std::str::from_utf8(&forged).unwrap()), None, "{at}");
        }
        for other in ["", "rt_", "rt_AAAA", &token[3..], &token[..77], &format!("{token}A")] {
            assert_eq!(keys.decode(other), None, "{other}");
        }
        assert_eq!(keys.decode(&RefreshKeys::new(&[2; 32], None).encode(TOKEN)), None);
    }

    #[test]
    fn tokens_survive_a_change_of_the_secret() {
        let token = RefreshKeys::new(&[1; 32], None).encode(TOKEN);
        let rotated = RefreshKeys::new(&[2; 32], [&[1; 32]]);
        assert_eq!(rotated.decode(&token), Some(TOKEN));
    }
}
