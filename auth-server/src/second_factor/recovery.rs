//! Recovery codes, for the day on which the app is gone.

use rand::RngCore;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How many there are.
const COUNT: usize = 10;
/// Characters of a code without its dashes: 80 bits.
const LENGTH: usize = 16;
/// Crockford's base32: no two of its characters look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New codes: what the user keeps, and what the database keeps.
pub(crate) struct RecoveryCodes {
    /// As they are shown, this once.
    pub shown: Vec<String>,
    /// What they are found by.
    pub hashes: Vec<Vec<u8>>,
}

/// Ten codes that nobody has seen.
#[must_use]
pub(crate) fn fresh(user: Uuid) -> RecoveryCodes {
    let shown: Vec<String> = std::iter::repeat_with(code).take(COUNT).collect();
    let hashes = shown.iter().map(|code| hash(user, code)).collect();
    RecoveryCodes { shown, hashes }
}

/// What a code is found by, however it was typed: of one user it tells nothing about another's.
pub(crate) fn hash(user: Uuid, typed: &str) -> Vec<u8> {
    let code: String = typed.chars().filter(|c| c.is_alphanumeric()).map(alike).collect();
    Sha256::new().chain_update(user.as_bytes()).chain_update(code).finalize().to_vec()
}

/// The character of the alphabet that was meant.
fn alike(typed: char) -> char {
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
        // 256 is a multiple of 32: each character is as likely.
        code.push(ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_different_codes_are_read_however_they_are_typed() {
        let user = Uuid::from_u128(7);
        let codes = fresh(user);
        let distinct: std::collections::HashSet<_> = codes.shown.iter().collect();
        assert_eq!(distinct.len(), 10);
        let code = &codes.shown[0];
        assert!(code.len() == 19 && code.matches('-').count() == 3, "{code}");
        for typed in [code.clone(), code.to_uppercase(), code.replace('-', " ")] {
            assert_eq!(hash(user, &typed), codes.hashes[0]);
        }
        assert_eq!(hash(user, "oOiIlL"), hash(user, "001111"));
        assert_ne!(hash(Uuid::from_u128(8), code), codes.hashes[0]);
    }
}
