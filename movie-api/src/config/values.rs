//! Settings that are more than a number: checked once, at the start.

use poem::http::HeaderValue;
use reqwest::Url;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// An `http` or `https` address that paths are put after.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The address without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The value itself stays out of the message: it may carry a password.
        let url = Url::parse(&text).map_err(|error| format!("not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("must start with http:// or https:// and name a host".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must end with the path, without `?` or `#`".into());
        }
        Ok(Self(url))
    }
}

/// The name of one index or alias, as Elasticsearch allows it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct IndexName(String);

impl IndexName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IndexName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let forbidden =
            |c: char| c.is_uppercase() || c.is_whitespace() || "\\/*?\"<>|,#:".contains(c);
        if name.is_empty()
            || name.len() > 255
            || name.starts_with(['-', '_', '+', '.'])
            || name.contains(forbidden)
        {
            return Err(format!("`{name}` can't be the name of one Elasticsearch index"));
        }
        Ok(Self(name))
    }
}

/// Origins (`https://films.example`) of browser front ends.
#[derive(Clone, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct Origins(Vec<HeaderValue>);

/// A comma-separated string (environment) or a list (TOML).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Origins {
    /// The origins as they stand in a request's `Origin` header.
    pub fn as_slice(&self) -> &[HeaderValue] {
        &self.0
    }
}

impl TryFrom<OneOrMany> for Origins {
    type Error = String;

    fn try_from(given: OneOrMany) -> Result<Self, String> {
        let given = match given {
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

fn origin(text: &str) -> Result<HeaderValue, String> {
    let written = Url::parse(text).map(|url| url.origin().ascii_serialization());
    match (written, HeaderValue::from_str(text)) {
        // A browser sends exactly this form, so another spelling would never match.
        (Ok(form), Ok(value)) if form == text => Ok(value),
        _ => Err(format!("`{text}` is not an origin like `https://films.example`")),
    }
}

/// Directives of `tracing`, such as `info` or `info,movie_api=debug`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter; the directives were checked when they were read.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(directives: String) -> Result<Self, String> {
        EnvFilter::try_new(&directives).map_err(|error| format!("not a log filter: {error}"))?;
        Ok(Self(directives))
    }
}
