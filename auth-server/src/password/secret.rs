//! A password as it was typed.

use std::fmt;

use poem_openapi::NewType;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

/// A password. Never shown, and wiped from memory when it is dropped.
///
/// In Unicode NFC: the same keys give different bytes on different systems, and users cannot see
/// which.
#[derive(Clone, Deserialize, NewType)]
#[serde(from = "String")]
#[oai(to_json = false, to_header = false, from_multipart = false, from_parameter = false)]
pub struct Password(String);

impl Password {
    /// The characters.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(mut typed: String) -> Self {
        if typed.is_ascii() {
            return Self(typed);
        }
        let normal = typed.nfc().collect();
        typed.zeroize();
        Self(normal)
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_in_every_unicode_composition() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        assert_eq!(
            Password::from(composed.to_owned()).expose(),
            Password::from(decomposed.to_owned()).expose()
        );
    }

    #[test]
    fn debug_output_hides_the_password() {
        assert_eq!(format!("{:?}", Password::from("hunter2".to_owned())), "Password(***)");
    }
}
