//! Recovery codes, for users who have lost their authenticator app.

use rand::RngCore;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Number of codes.
const COUNT: usize = 10;
/// Characters of a code without its dashes; 80 bits.
const LENGTH: usize = 16;
/// Crockford's base32, which has no characters that look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New codes for the user, and their hashes for the database.
pub(crate) struct RecoveryCodes {
    /// Shown only once.
    pub codes: Vec<String>,
    pub hashes: Vec<Vec<u8>>,
}

impl RecoveryCodes {
    /// Generates ten codes.
    #[must_use]
    pub(crate) fn generate(user: Uuid) -> Self {
        let codes: Vec<String> = std::iter::repeat_with(code).take(COUNT).collect();
        let hashes = codes.iter().map(|code| hash(user, code)).collect();
        Self { codes, hashes }
    }
}

/// The hash by which a code is found, regardless of case, separators and similar characters. It
/// differs between users.
pub(crate) fn hash(user: Uuid, typed: &str) -> Vec<u8> {
    let code: String = typed.chars().filter(|c| c.is_alphanumeric()).map(canonical).collect();
    Sha256::new().chain_update(user.as_bytes()).chain_update(code).finalize().to_vec()
}

/// The character of the alphabet that a similar one stands for.
fn canonical(typed: char) -> char {
    match typed.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

fn code() -> String {
    let mut bytes = [0; LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    let mut code = String::with_capacity(LENGTH + LENGTH / 4);
    for (at, byte) in bytes.into_iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        // 256 is a multiple of 32: all characters are equally likely.
        code.push(ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_different_codes_are_found_however_they_are_typed() {
        let user = Uuid::from_u128(7);
        let codes = RecoveryCodes::generate(user);
        let distinct: std::collections::HashSet<_> = codes.codes.iter().collect();
        assert_eq!(distinct.len(), 10);
        let code = &codes.codes[0];
        assert!(code.len() == 19 && code.matches('-').count() == 3, "{code}");
        for typed in [code.clone(), code.to_uppercase(), code.replace('-', " ")] {
            assert_eq!(hash(user, &typed), codes.hashes[0]);
        }
        assert_eq!(hash(user, "oOiIlL"), hash(user, "001111"));
        assert_ne!(hash(Uuid::from_u128(8), code), codes.hashes[0]);
    }
}
