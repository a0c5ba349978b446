//! Codes as users type them.

use unicode_normalization::UnicodeNormalization;

/// A code without what users put between its characters: spaces and dashes of any kind. Full-width characters of
/// East Asian keyboards are read as the usual ones.
pub(super) struct TypedCode(String);

impl TypedCode {
    /// Reads a code.
    pub(super) fn read(typed: &str) -> Self {
        Self(typed.nfkc().filter(|c| c.is_alphanumeric()).collect())
    }

    /// The characters.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The code, if it can be one of an authenticator app: six digits.
    pub(super) fn totp(&self) -> Option<&str> {
        let is_code = self.0.len() == 6 && self.0.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::TypedCode;

    #[test]
    fn codes_are_read_alike() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/api/cases/names.json")).unwrap();
        for typed in cases["codes read alike"].as_array().unwrap() {
            let typed = typed.as_str().unwrap();
            assert_eq!(TypedCode::read(typed).totp(), Some("123456"), "{typed:?}");
        }
        for other in ["12345", "1234567", "12345a", "", "-"] {
            assert_eq!(TypedCode::read(other).totp(), None, "{other}");
        }
    }
}
