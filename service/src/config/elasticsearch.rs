//! Elasticsearch and the index of films.

use std::fmt;

use serde::Deserialize;
use url::Url;

/// The settings of a program that reads the index of films.
#[macro_export]
macro_rules! elasticsearch_settings {
    () => {
        &[
            $crate::config::secret(
                "ELASTICSEARCH_URL",
                "elasticsearch.url",
                "Elasticsearch, as `http://user:password@host:9200`",
            )
            .or("http://127.0.0.1:9200"),
            $crate::config::text(
                "FILMS_INDEX",
                "elasticsearch.index",
                "films",
                "index or alias of the films",
            ),
        ]
    };
}

/// Elasticsearch and the index of films.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticsearchConfig {
    /// Address; may contain user and password.
    pub url: BaseUrl,
    /// Index or alias of the films.
    pub index: IndexName,
}

/// An `http` or `https` URL that paths are appended to. Shows no password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The URL without a trailing slash, password included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The URL, password included.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    // The value stays out of the messages: it may contain a password.
    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).map_err(|error| format!("is not a URL: {error}"))?;
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
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct IndexName(String);

impl IndexName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
            return Err(format!("`{name}` is not the name of one Elasticsearch index"));
        }
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        let url = BaseUrl::try_from("https://app:hunter2@films.example:9243/".to_owned());
        let url = url.expect("a URL");
        assert_eq!(
            format!("{url} {url:?}"),
            "https://films.example:9243 https://films.example:9243"
        );
        assert_eq!(url.as_str(), "https://app:hunter2@films.example:9243");
    }

    #[test]
    fn what_paths_cannot_be_appended_to_is_refused() {
        for text in ["auth-server:8080", "ftp://localhost", "http://a/?b", "http://a/#b", ""] {
            assert!(BaseUrl::try_from(text.to_owned()).is_err(), "{text}");
        }
        for name in ["films*", "Films", "", "_all", "a,b"] {
            assert!(IndexName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }
}
