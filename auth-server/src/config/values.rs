//! Settings that are more than a number: checked once, at the start.

use std::str::FromStr;

use http::{HeaderValue, Uri};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

/// Reads an empty text as "none".
pub(crate) fn none_if_empty<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
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

/// A text with something in it.
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

/// A comma-separated text (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

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
        let given: Vec<String> = match given {
            OneOrMany::One(list) => list.split(',').map(|one| one.trim().to_owned()).collect(),
            OneOrMany::Many(list) => list,
        };
        given
            .iter()
            .filter(|one| !one.is_empty())
            .map(|one| origin(one))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// An origin in exactly the form that a browser sends, so that bytes can be compared.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let broken = || format!("`{text}` is not an origin like `https://films.example`");
    let uri = Uri::from_str(text).map_err(|_| broken())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(broken());
    };
    let default_port =
        matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    let form = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
    if default_port || form != text || authority.as_str().contains('@') {
        return Err(broken());
    }
    HeaderValue::from_str(text).map_err(|_| broken())
}

/// Directives of `tracing`, such as `info` or `info,auth_server=debug`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter; the directives were checked when they were read.
    #[must_use]
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(directives: String) -> Result<Self, String> {
        EnvFilter::try_new(&directives).map_err(|error| format!("is not a log filter: {error}"))?;
        Ok(Self(directives))
    }
}
