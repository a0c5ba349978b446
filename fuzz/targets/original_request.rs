//! Requests that proxies ask about: the resource that is decided on is the one that the application serves.

#![no_main]

use auth_server::fuzzing;
use libfuzzer_sys::fuzz_target;

// The host, and on a second line path and query.
fuzz_target!(|text: &str| {
    if let Some((host, target)) = text.split_once('\n') {
        fuzzing::original_request(host, target);
    }
});
