//! Elasticsearch and the index of films.

use std::fmt;
use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

use super::none_if_empty;
use super::values::OneOrMany;

/// The settings of a program that reads the index of films. Arguments for a program that can do without: the default
/// of the URL, and what is said about its absence.
#[macro_export]
macro_rules! elasticsearch_settings {
    () => {
        $crate::elasticsearch_settings!("http://127.0.0.1:9200", "")
    };
    ($url:literal, $without:literal) => {
        &[
            $crate::config::secret(
                "ELASTICSEARCH_URL",
                "elasticsearch.url",
                concat!(
                    "Elasticsearch, as `https://user:password@host:9200`; several nodes comma-separated",
                    $without
                ),
            )
            .or($url),
            $crate::config::secret(
                "ELASTICSEARCH_API_KEY",
                "elasticsearch.api_key",
                "API key instead of user and password, encoded or as `id:key`",
            ),
            $crate::config::text(
                "ELASTICSEARCH_CA_FILE",
                "elasticsearch.ca_file",
                "",
                "path of the CA certificates (PEM) that Elasticsearch's is signed with, if the system does not trust them",
            ),
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
    /// Addresses of the nodes.
    pub url: NodeUrls,
    /// Credentials in place of those in the addresses.
    #[serde(deserialize_with = "none_if_empty")]
    pub api_key: Option<ApiKey>,
    /// Certificates that are trusted in addition to the system's.
    #[serde(deserialize_with = "none_if_empty")]
    pub ca_file: Option<PathBuf>,
    /// Index or alias of the films.
    pub index: IndexName,
}

/// Reads the settings of a program that can do without Elasticsearch: without a URL there is none.
///
/// # Errors
/// A setting is invalid.
pub fn elasticsearch_if_any<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ElasticsearchConfig>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[serde(deserialize_with = "nodes_if_any")]
        url: Option<NodeUrls>,
        #[serde(deserialize_with = "none_if_empty")]
        api_key: Option<ApiKey>,
        #[serde(deserialize_with = "none_if_empty")]
        ca_file: Option<PathBuf>,
        index: IndexName,
    }
    let Settings { url, api_key, ca_file, index } = Settings::deserialize(deserializer)?;
    Ok(url.map(|url| ElasticsearchConfig { url, api_key, ca_file, index }))
}

fn nodes_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NodeUrls>, D::Error> {
    let given = OneOrMany::deserialize(deserializer)?;
    if given.items().is_empty() {
        return Ok(None);
    }
    NodeUrls::try_from(given).map(Some).map_err(D::Error::custom)
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

/// The nodes of a cluster; at least one. Shows no password.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct NodeUrls(Vec<Url>);

impl NodeUrls {
    /// The URLs, passwords included.
    #[must_use]
    pub fn urls(&self) -> &[Url] {
        &self.0
    }
}

impl fmt::Display for NodeUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> =
            self.0.iter().map(|url| BaseUrl(url.clone()).to_string()).collect();
        f.write_str(&shown.join(","))
    }
}

impl TryFrom<OneOrMany> for NodeUrls {
    type Error = String;

    fn try_from(given: OneOrMany) -> Result<Self, String> {
        let url = |text: &str| BaseUrl::try_from(text.to_owned()).map(|BaseUrl(url)| url);
        let urls: Vec<Url> = given.items().into_iter().map(url).collect::<Result<_, _>>()?;
        let credentials =
            |url: &Url| (url.username().to_owned(), url.password().map(str::to_owned));
        let mut known = urls.iter().map(credentials).filter(|(user, _)| !user.is_empty());
        let first = known.next();
        if known.any(|other| Some(other) != first) {
            return Err("must have the same user and password for every node".into());
        }
        if urls.is_empty() { Err("must name a host".into()) } else { Ok(Self(urls)) }
    }
}

/// An API key of Elasticsearch. Shows nothing.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub enum ApiKey {
    /// Id and key in base64, as Kibana shows them.
    Encoded(Zeroizing<String>),
    /// Id and key.
    Parts(String, Zeroizing<String>),
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl TryFrom<String> for ApiKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("must be the encoded API key, or `id:key`");
        }
        Ok(match text.split_once(':') {
            Some((id, key)) => Self::Parts(id.to_owned(), Zeroizing::new(key.to_owned())),
            None => Self::Encoded(Zeroizing::new(text.to_owned())),
        })
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

    fn nodes(text: &str) -> Result<NodeUrls, String> {
        NodeUrls::try_from(OneOrMany::One(text.to_owned()))
    }

    #[test]
    fn several_nodes_share_their_credentials() {
        let two = nodes("https://app:hunter2@a:9200, https://b:9200").expect("URLs");
        assert_eq!(two.to_string(), "https://a:9200,https://b:9200");
        for refused in ["", ",", "https://x:1@a,https://y:1@b", "https://a,ftp://b"] {
            assert!(nodes(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn an_api_key_is_encoded_or_in_parts_and_never_shown() {
        let key = |text: &str| ApiKey::try_from(text.to_owned());
        assert!(matches!(
            key("VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"),
            Ok(ApiKey::Parts(..))
        ));
        assert!(matches!(key("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWky\n"), Ok(ApiKey::Encoded(_))));
        assert!(key("two words").is_err());
        assert_eq!(format!("{:?}", key("a:b")), "Ok(***)");
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
