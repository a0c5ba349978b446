//! What people call a service client.

/// 1–64 of A–Z a–z 0–9 _ . - and spaces inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientName(String);

impl ClientName {
    /// Reads a name.
    ///
    /// # Errors
    /// Says which names there can be.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let fits = (1..=64).contains(&text.len()) && text.trim() == text;
        let known = |c: char| c.is_ascii_alphanumeric() || "_.- ".contains(c);
        if fits && text.chars().all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err("A name has 1 to 64 of A-Z a-z 0-9 _ . - and spaces inside.")
    }

    /// As it was typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
