//! Descriptions of rules and roles, for those who read a policy. No decision depends on them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A description: one line of at most [`Description::MAX_LENGTH`] characters; empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Description(Box<str>);

/// A text is too long for a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A description has at most 1,000 characters.")]
pub struct DescriptionError;

impl Description {
    /// Maximum number of characters.
    pub const MAX_LENGTH: usize = 1_000;

    /// Parses a description. White space and control characters become single spaces.
    ///
    /// # Errors
    /// It is too long.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let description = Self::of_stored(text);
        if description.0.chars().count() > Self::MAX_LENGTH {
            return Err(DescriptionError);
        }
        Ok(description)
    }

    /// The description that is stored as this text: earlier versions stored several lines.
    #[must_use]
    pub fn of_stored(text: &str) -> Self {
        let is_break = |c: char| c.is_whitespace() || c.is_control();
        let words: Vec<&str> = text.split(is_break).filter(|word| !word.is_empty()).collect();
        Self(words.join(" ").into())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line() {
        let parse = |text: &str| Description::parse(text).map(|it| it.to_string());
        assert_eq!(parse(" Recent\r\n\tfilms # 1\0 "), Ok("Recent films # 1".into()));
        assert_eq!(parse(&"é".repeat(1_000)), Ok("é".repeat(1_000)));
        assert_eq!(parse(&"é".repeat(1_001)), Err(DescriptionError));
    }
}
