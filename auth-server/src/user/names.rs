//! Logins and names, as types that hold only valid values.

use precis_core::profile::{Profile, Rules};
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::unicode::{fold_case, normalize};

/// A login: 3–64 characters that PRECIS allows (RFC 8265, `UsernameCaseMapped`, with single spaces between
/// its parts). Accounts from earlier may have others, such as one with an `@`, which new ones cannot have:
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
        if text.starts_with(is_combining_mark) {
            return Err("A login must not begin with a combining mark.");
        }
        let key = enforce(&text).ok_or(NOT_ALLOWED)?;
        let parts = text.split(' ').map(|part| UsernameCaseMapped::new().width_mapping_rule(part));
        let parts = parts.collect::<Result<Vec<_>, _>>().map_err(|_| NOT_ALLOWED)?;
        Ok(Self { text: parts.join(" ").nfc().collect(), key })
    }

    /// The comparison key of text that was typed as a login. Text that is not a valid login has a key
    /// that only an account from earlier can have.
    #[must_use]
    pub(crate) fn key_of(typed: &str) -> String {
        enforce(typed).unwrap_or_else(|| fold_case(typed))
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

const NOT_ALLOWED: &str = "A login may have letters and digits of any script, the punctuation of ASCII, and single \
                           spaces between them; letters of scripts that are written from right to left must not be mixed with others.";

/// The parts of a login in the form that is compared. Enforced twice: lower-casing can decompose a character.
fn enforce(text: &str) -> Option<String> {
    let profile = UsernameCaseMapped::new();
    let part = |part: &str| {
        let once = profile.enforce(part).ok()?;
        profile.enforce(&*once).ok().map(String::from)
    };
    Some(text.split(' ').map(part).collect::<Option<Vec<_>>>()?.join(" "))
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
        assert_eq!(Login::parse("ＡＤa").unwrap().as_str(), "ADa");
        // From an earlier version.
        assert_eq!(Login::key_of("A☃@b"), "a☃@b");
    }

    #[test]
    fn names_are_read_as_in_the_cases() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/api/cases/names.json")).unwrap();
        let texts = |name: &str| {
            let list = cases[name].as_array().unwrap().iter();
            list.map(|case| case.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for text in texts("422") {
            assert!(Login::parse(&text).is_err(), "{text:?}");
        }
        for text in texts("same account as admin") {
            assert_eq!(Login::parse(&text).unwrap().key(), "admin", "{text:?}");
        }
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
