//! Parsers of outside input, for the fuzz targets (`fuzz/`). Each panics if a property does not hold.

use crate::api::forward_auth;
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
    RefreshKeys::new(&[1; 32], [&[2; 32]]).decode(text).is_some()
}

/// Whether a provider with these keys, which signed nothing, could log anybody in with this ID token.
#[must_use]
pub fn accepts_id_token(keys: &str, token: &str) -> bool {
    oidc::fuzzed::identity(keys, token).is_some()
}

/// The identity in the claims of an ID token.
pub fn oidc_claims(text: &str) {
    let Some(identity) = oidc::fuzzed::identity_of(text) else { return };
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

/// A request that a proxy asks about: its resource names one path, whatever the spelling, and contains nothing that
/// applications read differently.
pub fn original_request(host: &str, target: &str) {
    let Some(id) = forward_auth::fuzzed(host, target) else { return };
    let path = id.find('/').map_or("", |at| id.split_at(at).1);
    for part in ["//", "/./", "/../", "\\", ";"] {
        assert!(!path.contains(part), "{path}");
    }
    assert!(!path.ends_with("/.") && !path.ends_with("/.."), "{path}");
    assert!(!path.contains(char::is_control), "{path}");
    let escape = |b| if b == b'/' { "/".to_owned() } else { format!("%{b:02x}") };
    let escaped: String = path.bytes().map(escape).collect();
    assert_eq!(forward_auth::fuzzed(host, &escaped), Some(id));
}
