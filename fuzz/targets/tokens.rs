//! Access tokens and refresh tokens: only what the server signed is accepted.

#![no_main]

use auth_server::fuzzing;
use libfuzzer_sys::fuzz_target;

// A token; or, on two lines, the header and the claims of a token that the server's key signs.
fuzz_target!(|text: &str| {
    match text.split_once('\n') {
        Some((header, claims)) => fuzzing::signed_access_token(header, claims),
        None => {
            assert!(!fuzzing::accepts_access_token(text), "forged: {text}");
            assert!(!fuzzing::accepts_refresh_token(text), "forged: {text}");
        }
    }
});
