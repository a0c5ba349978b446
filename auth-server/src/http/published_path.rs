//! The path under which a proxy publishes this server: that of the issuer (`https://films.example/auth`). The proxy
//! removes it from requests, except where a standard puts it behind a well-known path.

use openidconnect::url::Url;
use poem::http::Uri;
use poem::{Endpoint, Middleware, Request, Result};

const METADATA: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/authzen-configuration"];

/// The path of a public URL, without a slash at its end; empty for the root.
pub(crate) fn prefix(issuer: &str) -> String {
    let path = Url::parse(issuer).map(|url| url.path().trim_end_matches('/').to_owned());
    path.unwrap_or_default()
}

/// Answers metadata also at the path that RFC 8414 (section 3.1) and `AuthZEN` make of this prefix:
/// `/.well-known/oauth-authorization-server/auth`.
#[derive(Clone)]
pub(crate) struct MetadataPath(Option<String>);

impl MetadataPath {
    /// For a server that is published under this prefix.
    pub(crate) fn of(prefix: &str) -> Self {
        Self((!prefix.is_empty()).then(|| prefix.to_owned()))
    }

    /// The path where the metadata is that this path asks for.
    fn metadata(&self, path: &str) -> Option<&'static str> {
        let path = path.strip_suffix(self.0.as_deref()?)?;
        METADATA.into_iter().find(|metadata| *metadata == path)
    }
}

impl<E: Endpoint> Middleware<E> for MetadataPath {
    type Output = WithMetadataPath<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WithMetadataPath { inner, path: self.clone() }
    }
}

/// The endpoint that [`MetadataPath`] makes.
pub(crate) struct WithMetadataPath<E> {
    inner: E,
    path: MetadataPath,
}

impl<E: Endpoint> Endpoint for WithMetadataPath<E> {
    type Output = E::Output;

    fn call(&self, mut request: Request) -> impl Future<Output = Result<E::Output>> + Send {
        if let Some(metadata) = self.path.metadata(request.uri().path()) {
            *request.uri_mut() = Uri::from_static(metadata);
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn the_prefix_is_the_path_of_the_issuer() {
        assert_eq!(prefix("https://films.example/auth/"), "/auth");
        assert_eq!(prefix("https://films.example"), "");
        assert_eq!(prefix("not a URL"), "");
    }
}
