//! Parsers of outside input, for the fuzz targets (`fuzz/`). Each panics if a property does not hold.

use openidconnect::core::CoreIdTokenClaims;

use crate::email::EmailAddress;
use crate::http::pagination::PageQuery;
use crate::oidc;
use crate::session::RefreshKeys;
use crate::token::fuzzed;
use crate::user::{Login, ProfileName};

/// Whether this is an access token that the server's key signed.
#[must_use]
pub fn accepts_access_token(text: &str) -> bool {
    fuzzed::verify(&fuzzed::key(), text).is_ok()
}

/// A token with this header and these claims, signed by the server's key: it is accepted only with the
/// header that the server writes.
pub fn signed_access_token(header: &str, claims: &str) {
    let key = fuzzed::key();
    let token = fuzzed::sign(&key, header, claims);
    if fuzzed::verify(&key, &token).is_ok() {
        assert!(header.contains("EdDSA") && header.contains(&key.kid), "{header}");
    }
}

/// Whether this is a refresh token that the server issued.
#[must_use]
pub fn accepts_refresh_token(text: &str) -> bool {
    RefreshKeys::new(&[1; 32], Some(&[2; 32])).decode(text).is_some()
}

/// Whether a provider with this metadata and these keys, which signed nothing, could log anybody in with
/// this token response.
#[must_use]
pub fn accepts_token_response(metadata: &str, keys: &str, response: &str) -> bool {
    oidc::fuzzed::identity(metadata, keys, response).is_some()
}

/// The identity in the claims of an ID token.
pub fn oidc_claims(text: &str) {
    let Ok(claims) = serde_json::from_str::<CoreIdTokenClaims>(text) else { return };
    let Some(identity) = oidc::fuzzed::identity_of(&claims) else { return };
    assert!(!identity.email_verified || identity.email.is_some());
    assert!(identity.login.is_none_or(|login| !login.as_str().contains('@')));
}

/// Text that clients type: the form of a name that is compared does not change when it is read again.
pub fn typed_text(text: &str) {
    if let Ok(login) = Login::parse(text) {
        assert_eq!(Login::key_of(login.key()), login.key());
    }
    if let Ok(address) = EmailAddress::parse(text) {
        let again = EmailAddress::parse(address.as_str()).expect("a stored address");
        assert_eq!(again.key(), address.key());
    }
    let _ = ProfileName::parse(text);
    let _ = PageQuery::<(i64, String)>::parse(None, Some(text));
}
