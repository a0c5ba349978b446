//! What people call themselves, as types that can't hold anything else.

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::unicode::{fold_case, normalize};

/// What somebody signs in with: 3–64 characters, an e-mail address will do.
#[derive(Clone, Debug)]
pub struct Login {
    text: String,
    key: String,
}

/// A first or last name: 1–100 characters.
#[derive(Clone, Debug)]
pub struct PersonName(String);

/// The id of a genre in the catalogue: 1–100 characters. Only the catalogue can tell whether there is
/// such a genre.
#[derive(Clone, Debug)]
pub struct Genre(String);

impl Login {
    /// Takes a login as it was typed.
    ///
    /// # Errors
    /// What can't be one, with the reason.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(3..=64).contains(&text.chars().count()) {
            return Err("A login has 3 to 64 characters.");
        }
        Ok(Self { key: fold_case(&text), text })
    }

    /// What logins are compared by, of anything that was typed where a login is asked for. What
    /// can't be a login just has a key that nobody has.
    #[must_use]
    pub fn key_of(typed: &str) -> String {
        fold_case(typed)
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What logins are compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PersonName {
    /// Takes a name as it was typed.
    ///
    /// # Errors
    /// What can't be one, with the reason.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(1..=100).contains(&text.chars().count()) {
            return Err("A name has 1 to 100 characters.");
        }
        Ok(Self(text))
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Genre {
    /// Takes a genre as it was typed.
    ///
    /// # Errors
    /// What can't be one, with the reason.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = normalize(typed)?;
        if !(1..=100).contains(&text.chars().count()) {
            return Err("The id of a genre has 1 to 100 characters.");
        }
        Ok(Self(text))
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names the field that a value was refused in.
pub fn in_field(field: &'static str) -> impl Fn(&'static str) -> Problem {
    move |why| Problem::new(FIELD).field(field).detail(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_whatever_its_case_and_composition() {
        let key = |typed| Login::parse(typed).unwrap().key().to_owned();
        assert_eq!(key("Renée@Example.COM"), key("rene\u{301}e@example.com"));
        assert_eq!(key("İstanbul"), Login::key_of("İSTANBUL"));
        assert_eq!(Login::parse("Renée").unwrap().as_str(), "Renée");
    }

    #[test]
    fn logins_have_3_to_64_visible_characters() {
        for good in ["bob", "a b", "jane@example.com", &"é".repeat(64)] {
            assert!(Login::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "ab", " bob", "bob\n", "b\u{0}b", "bo\u{200b}b", "\u{202e}bob", &"a".repeat(65)]
        {
            assert!(Login::parse(bad).is_err(), "{bad:?}");
        }
    }
}
