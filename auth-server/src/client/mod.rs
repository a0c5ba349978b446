//! Service clients: programs that authenticate as themselves, not as a user.

pub(crate) mod directory;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod store;

pub(crate) use directory::ClientDirectory;
pub(crate) use scope::Scope;
pub(crate) use secret::ClientSecret;

/// Display name of a service client: 1–64 characters of A–Z a–z 0–9 _ . -, and spaces inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientName(String);

impl ClientName {
    /// Parses a name; the error says what is accepted.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let has_valid_length = (1..=64).contains(&text.len()) && text.trim() == text;
        let is_accepted = |c: char| c.is_ascii_alphanumeric() || "_.- ".contains(c);
        if has_valid_length && text.chars().all(is_accepted) {
            return Ok(Self(text.to_owned()));
        }
        Err("A name has 1 to 64 characters of A-Z a-z 0-9 _ . -, and spaces inside.")
    }

    /// The name as entered.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
