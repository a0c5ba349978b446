//! Logins and names, as types that hold only valid values.

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::unicode::{fold_case, normalize};

/// A login: 3–64 characters. Accounts from earlier may have one with an `@`, which new ones cannot have:
/// what looks like an e-mail address is one.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    text: String,
    key: String,
}

/// A first or last name: 1–100 characters.
#[derive(Clone, Debug)]
pub(crate) struct ProfileName(String);

/// The id of a genre in the catalogue: 1–100 characters. Whether the genre exists is not checked.
#[derive(Clone, Debug)]
pub(crate) struct Genre(String);

impl Login {
    /// Parses a login as it was typed.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub(crate) fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(3..=64).contains(&text.chars().count()) {
            return Err("A login must have 3 to 64 characters.");
        }
        if text.contains('@') {
            return Err("A login must not contain `@`; set the e-mail address in `email`.");
        }
        Ok(Self { key: fold_case(&text), text })
    }

    /// The comparison key of text that was typed as a login. Text that is not a valid login has a key
    /// that no account has.
    #[must_use]
    pub(crate) fn key_of(typed: &str) -> String {
        fold_case(typed)
    }

    /// As it was typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The comparison key.
    #[must_use]
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}

impl ProfileName {
    /// Parses a name as it was typed.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub(crate) fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(1..=100).contains(&text.chars().count()) {
            return Err("A name must have 1 to 100 characters.");
        }
        Ok(Self(text))
    }

    /// As it was typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Genre {
    /// Parses a genre id as it was typed.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub(crate) fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(1..=100).contains(&text.chars().count()) {
            return Err("The id of a genre must have 1 to 100 characters.");
        }
        Ok(Self(text))
    }

    /// As it was typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Turns the reason why a value is not valid into a problem with this field.
pub(crate) fn in_field(field: &'static str) -> impl Fn(&'static str) -> Problem {
    move |reason| Problem::new(FIELD).field(field).detail(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_compared_without_case_and_composition() {
        let key = |typed| Login::parse(typed).unwrap().key().to_owned();
        assert_eq!(key("Renée"), key("rene\u{301}E"));
        assert_eq!(key("İstanbul"), Login::key_of("İSTANBUL"));
        assert_eq!(Login::parse("Renée").unwrap().as_str(), "Renée");
    }

    #[test]
    fn logins_have_3_to_64_visible_characters() {
        for good in ["bob", "a b", "jane.example", &"é".repeat(64)] {
            assert!(Login::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            " bob",
            "bob\n",
            "b\u{0}b",
            "bo\u{200b}b",
            "\u{202e}bob",
            "a@b",
            &"a".repeat(65),
        ] {
            assert!(Login::parse(bad).is_err(), "{bad:?}");
        }
    }
}
