//! Answers of an identity provider: an unsigned identity is never accepted, and what its claims say
//! fits the limits of accounts.

#![no_main]

use auth_server::fuzzing;
use libfuzzer_sys::fuzz_target;

// The claims of an ID token; or, on two lines, the provider's keys and an ID token.
fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.lines().collect();
    match lines.as_slice() {
        [keys, token] => assert!(!fuzzing::accepts_id_token(keys, token)),
        _ => fuzzing::oidc_claims(text),
    }
});
