//! The configured providers, validated.

use std::collections::HashSet;
use std::path::Path;

use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::url::Url;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, JwsSigningAlgorithm, RedirectUrl, Scope};
use service::config::{SecretFile, read_secret_file};
use service::outbound::is_loopback;
use zeroize::Zeroizing;

use crate::config::ProviderEntry;
pub(super) use crate::config::ResponseMode;

/// The settings of a provider are invalid.
#[derive(Debug, thiserror::Error)]
#[error("provider `{name}`: {reason}")]
pub struct OidcError {
    /// Name of the provider.
    pub name: String,
    /// What is invalid.
    pub reason: String,
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
    pub response_mode: ResponseMode,
    /// Other audiences that ID tokens for this server may have, too.
    pub audiences: Vec<String>,
    pub redirect_uri: RedirectUrl,
    /// Path attribute of the cookies of its flows.
    pub cookie_path: String,
    /// Whether these cookies are sent over https only.
    pub cookie_secure: bool,
}

/// Validates the configured providers; `public` is the URL under which clients know this server.
pub(crate) fn validate(
    entries: &[ProviderEntry],
    public: &str,
) -> Result<Vec<ProviderConfig>, OidcError> {
    let (mut names, mut issuers) = (HashSet::new(), HashSet::new());
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let invalid = |reason| OidcError { name: entry.name.clone(), reason };
        if !names.insert(&entry.name) || !issuers.insert(&entry.issuer) {
            return Err(invalid("another provider has this name or issuer".to_owned()));
        }
        all.push(entry.clone().check(public).map_err(invalid)?);
    }
    Ok(all)
}

/// The pages of front ends.
pub(crate) fn validate_pages(pages: &[String]) -> Result<Vec<String>, OidcError> {
    for page in pages {
        let invalid = |reason| OidcError { name: "pages".into(), reason };
        check_url("page", page).map_err(invalid)?;
    }
    Ok(pages.to_vec())
}

impl ProviderEntry {
    fn check(self, public: &str) -> Result<ProviderConfig, String> {
        check_name(&self.name)?;
        check_url("issuer", &self.issuer)?;
        let (secret, redirect_uri) = (self.secret()?, self.redirect_uri.clone());
        let Self {
            name,
            title,
            issuer,
            client_id,
            scopes,
            algorithms,
            audiences,
            response_mode,
            ..
        } = self;
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
            response_mode,
            audiences,
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
            (Some(path), None) => secret_of(path)?,
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

fn secret_of(path: &Path) -> Result<Zeroizing<String>, String> {
    let SecretFile { text, warning } = read_secret_file(path).map_err(|error| error.to_string())?;
    if let Some(warning) = warning {
        tracing::warn!("client_secret_file: {warning}");
    }
    Ok(text)
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
