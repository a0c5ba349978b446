//! Tokens that prove, when presented, that the caller has read a message.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Random bytes of a token.
const LENGTH: usize = 32;

/// A new token.
pub struct EmailToken {
    /// What the message contains.
    pub text: Zeroizing<String>,
    /// What is stored.
    pub(crate) hash: [u8; 32],
}

impl EmailToken {
    /// Draws a random token.
    pub(crate) fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::rng().fill_bytes(bytes.as_mut());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
        Self { hash: hash(&text), text }
    }
}

/// What a token is looked up by.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
