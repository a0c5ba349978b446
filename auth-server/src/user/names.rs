//! What people call themselves, as types that can't hold anything else.

use unicode_normalization::UnicodeNormalization;

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;

/// What somebody signs in with: 3–64 characters, an e-mail address will do.
#[derive(Clone, Debug)]
pub struct Login {
    text: String,
    key: String,
}

/// An e-mail address.
#[derive(Clone, Debug)]
pub struct Email {
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
        let text = clean(typed)?;
        if !(3..=64).contains(&text.chars().count()) {
            return Err("A login has 3 to 64 characters.");
        }
        Ok(Self { key: key(&text), text })
    }

    /// What logins are compared by, of anything that was typed where a login is asked for. What
    /// can't be a login just has a key that nobody has.
    #[must_use]
    pub fn key_of(typed: &str) -> String {
        key(&typed.nfc().collect::<String>())
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

impl Email {
    /// Takes an address as it was typed. Only mail can tell whether it exists.
    ///
    /// # Errors
    /// What can't be one, with the reason.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let text = clean(typed)?;
        let well_formed = text.len() <= 254
            && !text.contains(char::is_whitespace)
            && text.rsplit_once('@').is_some_and(|(local, domain)| {
                (1..=64).contains(&local.len()) && is_domain(domain) && !local.contains('@')
            });
        if !well_formed {
            return Err("This is not an e-mail address.");
        }
        Ok(Self { key: key(&text), text })
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What addresses are compared by.
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
        let text = clean(typed)?;
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
        let text = clean(typed)?;
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

/// NFC, so that one name has one spelling; and nothing in it that can't be seen.
pub(crate) fn clean(typed: &str) -> Result<String, &'static str> {
    if typed.trim() != typed {
        return Err("There is white space at its beginning or end.");
    }
    let invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if typed.chars().any(|c| c.is_control() || invisible(c)) {
        return Err("It contains invisible characters.");
    }
    Ok(typed.nfc().collect())
}

/// Lower case; NFC once more, because lower-casing can take a character apart.
fn key(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    })
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

    #[test]
    fn addresses_have_two_sides() {
        for good in ["a@b", "jane.doe+x@mail.example.com", "ü@münchen.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a@.b", "a@b..c", "a@-b", "a b@c", "a@b c"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@b", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}", "b".repeat(253))).is_err());
    }
}
