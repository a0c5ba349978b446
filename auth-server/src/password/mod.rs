//! Passwords: what makes a good one, and hashing them without letting it slow anything else down.

pub(crate) mod common;
pub(crate) mod hasher;
pub(crate) mod phc;
pub(crate) mod quality;
pub(crate) mod secret;

pub(crate) use hasher::{BUSY, Hasher, Verdict, busy};
pub(crate) use quality::{NEW_PASSWORD, NewPassword, Shortest};
pub(crate) use secret::Password;
