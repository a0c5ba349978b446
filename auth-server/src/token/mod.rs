//! Access tokens: signed statements about who the caller is, good for five minutes and never stored.

pub mod api;
mod challenge;
mod claims;
mod issue;
mod key;
mod ring;
mod rotate;
mod seal;
mod store;
mod verify;

pub use challenge::{CHALLENGE_TYPE, Challenge, Challenges, Written};
pub use claims::{Claims, TYPE};
pub use issue::{AccessToken, Issuer};
pub use key::Key;
pub use ring::{KeyError, KeyRing, prepare, reload};
pub use rotate::{RotateError, Rotated, State, list, rotate};
pub use seal::{Opened, SealingKeys};
pub use store::KeyTimes;
pub use verify::{LEEWAY, Refused, Verifier};
