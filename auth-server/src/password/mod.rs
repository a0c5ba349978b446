//! Passwords: requirements for new ones, and hashing on threads of its own.

pub(crate) mod common;
mod fair_queue;
pub(crate) mod hasher;
pub(crate) mod phc;
pub(crate) mod quality;
pub(crate) mod secret;

pub(crate) use hasher::{BUSY, Hasher, Verification, busy};
pub(crate) use quality::{NEW_PASSWORD, NewPassword};
pub(crate) use secret::Password;
