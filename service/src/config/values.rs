//! Values that are more than a number: checked once, at the start.

use std::fmt;
use std::str::FromStr;

use poem::http::{HeaderValue, Uri};
use serde::de::{Error, IntoDeserializer};
use serde::{Deserialize, Deserializer};

/// Reads an empty text as "none".
///
/// # Errors
/// The text is not empty and not a valid `T`.
pub fn none_if_empty<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let inner: serde::de::value::StringDeserializer<D::Error> = text.into_deserializer();
    T::deserialize(inner).map(Some)
}

/// Reads a comma-separated text (environment) or a list (TOML).
///
/// # Errors
/// An item is not a valid `T`.
pub fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: TryFrom<String, Error: fmt::Display>,
    D: Deserializer<'de>,
{
    let given = OneOrMany::deserialize(deserializer)?;
    let items = given.items().into_iter().map(|item| T::try_from(item.to_owned()));
    items.collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// A comma-separated text (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The items without spaces around them; empty ones are left out.
    pub(super) fn items(&self) -> Vec<&str> {
        let trimmed: Vec<&str> = match self {
            Self::One(list) => list.split(',').map(str::trim).collect(),
            Self::Many(list) => list.iter().map(|item| item.trim()).collect(),
        };
        trimmed.into_iter().filter(|item| !item.is_empty()).collect()
    }
}

/// A text that is not blank.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct NonEmpty(String);

impl std::ops::Deref for NonEmpty {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NonEmpty {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("must not be empty") } else { Ok(Self(text)) }
    }
}

/// Origins (`https://films.example`) of browser front ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// The origins as they stand in a request's `Origin` header.
    #[must_use]
    pub fn as_slice(&self) -> &[HeaderValue] {
        &self.0
    }
}

impl TryFrom<OneOrMany> for Origins {
    type Error = String;

    fn try_from(given: OneOrMany) -> Result<Self, String> {
        given.items().into_iter().map(origin).collect::<Result<_, _>>().map(Self)
    }
}

/// An origin in exactly the form that a browser sends, so that bytes can be compared.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let invalid = || format!("`{text}` is not an origin like `https://films.example`");
    let uri = Uri::from_str(text).map_err(|_| invalid())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(invalid());
    };
    let default_port =
        matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    let form = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
    if default_port || form != text || authority.as_str().contains('@') {
        return Err(invalid());
    }
    HeaderValue::from_str(text).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_in_the_form_that_browsers_send() {
        let origins = OneOrMany::One("https://a.example, http://localhost:3000,".into());
        assert_eq!(Origins::try_from(origins).expect("origins").as_slice().len(), 2);
        for text in
            ["*", "https://a.example/", "https://A.example", "https://a.example:443", "null"]
        {
            assert!(Origins::try_from(OneOrMany::One(text.into())).is_err(), "{text}");
        }
    }
}
