//! Passwords: what makes a good one, and hashing them without letting it slow anything else down.

mod common;
mod hasher;
mod phc;
mod quality;
mod secret;

pub use hasher::{BUSY, HASHING, Hasher, Verdict, busy};
pub use phc::{Cost, CostError};
pub use quality::{NEW_PASSWORD, NewPassword, Shortest};
pub use secret::Password;
