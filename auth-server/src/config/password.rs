//! Passwords and their hashing.

use std::num::NonZeroU16;

use serde::Deserialize;

use service::config::{Setting, number};

pub(crate) const SETTINGS: &[Setting] = &[
    number(
        "AUTH_PASSWORD_THREADS",
        "password.threads",
        "0",
        "threads that hash passwords; 0: all cores but one",
    ),
    number(
        "AUTH_PASSWORD_QUEUE",
        "password.queue",
        "128",
        "maximum number of passwords waiting for a thread; further requests receive 503. One network gets at most half",
    ),
    number(
        "AUTH_PASSWORD_MEMORY_KIB",
        "password.memory_kib",
        "19456",
        "memory cost of argon2id, KiB; weaker hashes are upgraded at the next login",
    ),
    number("AUTH_PASSWORD_PASSES", "password.passes", "2", "time cost of argon2id (passes)"),
    number(
        "AUTH_PASSWORD_MIN_LENGTH",
        "password.min_length",
        "8",
        "minimum length of a new password, characters",
    ),
    number(
        "AUTH_PASSWORD_MIN_LENGTH_SINGLE_FACTOR",
        "password.min_length_single_factor",
        "8",
        "minimum length without a second factor, characters; NIST SP 800-63B-4 recommends 15",
    ),
];

/// Passwords and their hashing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfig {
    threads: u16,
    queue: NonZeroU16,
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    min_length: u8,
    min_length_single_factor: u8,
}

impl PasswordConfig {
    /// How many threads hash passwords; at least one.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().saturating_sub(1).max(1)),
            threads => threads.into(),
        }
    }

    /// How many passwords may wait for a thread.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.queue.get().into()
    }

    /// Minimum length of a new password, in characters.
    #[must_use]
    pub fn min_length(&self) -> usize {
        self.min_length.into()
    }

    /// Minimum length of a new password without a second factor, in characters.
    #[must_use]
    pub fn min_length_single_factor(&self) -> usize {
        self.min_length_single_factor.into()
    }
}
