//! Text that clients type: logins, addresses, names, cursors.

#![no_main]

use auth_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| fuzzing::typed_text(text));
