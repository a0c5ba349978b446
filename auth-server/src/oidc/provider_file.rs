//! The provider file (`AUTH_OIDC_FILE`).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::url::Url;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, JwsSigningAlgorithm, RedirectUrl, Scope};
use serde::Deserialize;

use super::http_client::is_loopback;
use crate::crypto;

/// Why the provider configuration is invalid.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The file cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    /// The file is not valid TOML, or has an invalid value.
    #[error("{}, line {}: {}", .0.display(), .1, .2)]
    Toml(PathBuf, usize, String),
    /// The settings of a provider are invalid.
    #[error("provider `{0}`: {1}")]
    Provider(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    title: Option<String>,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    client_secret_env: Option<String>,
    #[serde(default = "default_scopes")]
    scopes: Vec<String>,
    #[serde(default = "default_algorithms")]
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    redirect_uri: Option<String>,
}

fn default_scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).into()
}

fn default_algorithms() -> Vec<CoreJwsSigningAlgorithm> {
    use CoreJwsSigningAlgorithm::{EcdsaP256Sha256, EdDsa, RsaSsaPkcs1V15Sha256};
    vec![RsaSsaPkcs1V15Sha256, EcdsaP256Sha256, EdDsa]
}

/// The validated settings of a provider.
pub(crate) struct ProviderConfig {
    pub name: String,
    pub title: String,
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    pub secret: Option<ClientSecret>,
    pub scopes: Vec<Scope>,
    pub algorithms: Vec<CoreJwsSigningAlgorithm>,
    pub redirect_uri: RedirectUrl,
    /// Path attribute of the cookies of its flows.
    pub cookie_path: String,
    /// Whether these cookies are sent over https only.
    pub cookie_secure: bool,
}

/// Reads the providers in this file; `public` is the URL under which clients know this server.
pub(crate) fn read(path: &Path, public: &str) -> Result<Vec<ProviderConfig>, OidcError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| OidcError::Io(path.to_owned(), error))?;
    let file: File = toml::from_str(&text).map_err(|error| syntax_error(path, &text, &error))?;
    let (mut names, mut issuers) = (HashSet::new(), HashSet::new());
    let mut all = Vec::with_capacity(file.provider.len());
    for entry in file.provider {
        let name = entry.name.clone();
        if !names.insert(name.clone()) || !issuers.insert(entry.issuer.clone()) {
            let reason = "another provider has this name or issuer".to_owned();
            return Err(OidcError::Provider(name, reason));
        }
        all.push(entry.check(public).map_err(|reason| OidcError::Provider(name, reason))?);
    }
    Ok(all)
}

/// The position of a syntax error, without the line itself: it may contain a secret.
fn syntax_error(path: &Path, text: &str, error: &toml::de::Error) -> OidcError {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    OidcError::Toml(path.to_owned(), line, error.message().to_owned())
}

impl Entry {
    fn check(self, public: &str) -> Result<ProviderConfig, String> {
        check_name(&self.name)?;
        check_url("issuer", &self.issuer)?;
        let secret = self.secret()?;
        let Self { name, title, issuer, client_id, scopes, algorithms, redirect_uri, .. } = self;
        if client_id.is_empty() {
            return Err("`client_id` must not be empty".into());
        }
        if algorithms.is_empty() || algorithms.iter().any(is_not_asymmetric) {
            return Err("`algorithms` must be asymmetric, like RS256".into());
        }
        let base = check_url("AUTH_ISSUER", public.trim_end_matches('/'))?;
        let public = public.trim_end_matches('/');
        let callback = format!("{public}/api/v1/auth/oidc/{name}/callback");
        let redirect_uri = redirect_uri.unwrap_or(callback);
        check_url("redirect_uri", &redirect_uri)?;
        Ok(ProviderConfig {
            title: title.unwrap_or_else(|| name.clone()),
            issuer: IssuerUrl::new(issuer).map_err(|error| error.to_string())?,
            client_id: ClientId::new(client_id),
            secret,
            scopes: scopes.into_iter().filter(|one| one != "openid").map(Scope::new).collect(),
            algorithms,
            redirect_uri: RedirectUrl::new(redirect_uri).map_err(|error| error.to_string())?,
            cookie_path: format!("{}/api/v1/auth/oidc/{name}", base.path().trim_end_matches('/')),
            cookie_secure: base.scheme() == "https",
            name,
        })
    }

    fn secret(&self) -> Result<Option<ClientSecret>, String> {
        let secret = match (&self.client_secret_file, &self.client_secret_env) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err("keep one of `client_secret_file` and `client_secret_env`".into());
            }
            (Some(path), None) => crypto::read_file(path).map_err(|error| error.to_string())?,
            (None, Some(variable)) => std::env::var(variable)
                .map_err(|_| format!("the variable {variable} is not set"))?
                .into(),
        };
        if secret.is_empty() {
            return Err("the client secret is empty".into());
        }
        Ok(Some(ClientSecret::new(secret.to_string())))
    }
}

fn is_not_asymmetric(algorithm: &CoreJwsSigningAlgorithm) -> bool {
    algorithm.uses_shared_secret() || *algorithm == CoreJwsSigningAlgorithm::None
}

fn check_name(name: &str) -> Result<(), String> {
    let valid = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if valid && (1..=32).contains(&name.len()) {
        return Ok(());
    }
    Err("a name has 1 to 32 characters of a-z 0-9 -".into())
}

/// An https URL without user, query and fragment; http is allowed for this host.
fn check_url(what: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{what} `{text}`: {error}"))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(format!("{what} `{text}` must be https"));
    }
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{what} `{text}` must be a URL without user, `?` and `#`"));
    }
    Ok(url)
}
