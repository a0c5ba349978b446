//! Answers of an identity provider: an unsigned identity is never accepted, and what its claims say
//! fits the limits of accounts.

#![no_main]

use auth_server::fuzzing;
use libfuzzer_sys::fuzz_target;

// The claims of an ID token; or, on three lines, the provider's metadata, its keys and its token response.
fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.lines().collect();
    match lines.as_slice() {
        [metadata, keys, response] => {
            assert!(!fuzzing::accepts_token_response(metadata, keys, response));
        }
        _ => fuzzing::oidc_claims(text),
    }
});
