//! What stands in a mail, so that whoever shows it has read the mail.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Random bytes of a token.
const LENGTH: usize = 32;

/// A token that nobody has seen.
pub struct MailToken {
    /// What is sent.
    pub text: Zeroizing<String>,
    /// What is kept.
    pub hash: [u8; 32],
}

impl MailToken {
    /// Another one.
    #[must_use]
    pub fn fresh() -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::rng().fill_bytes(bytes.as_mut());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
        Self { hash: hash(&text), text }
    }
}

/// What a token is found by.
#[must_use]
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
