//! Access tokens: signed statements about who the caller is, good for five minutes and never stored.

pub(crate) mod challenge;
pub(crate) mod claims;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod ring;
pub(crate) mod rotate;
pub(crate) mod store;
pub(crate) mod verify;

pub use challenge::{CHALLENGE_TYPE, Challenge, Challenges, IssuedChallenge};
pub use claims::{Claims, TYPE};
pub use issue::{AccessToken, Issuer, Subject};
pub use key::Key;
pub use ring::{KeyError, KeyRing, prepare, reload};
pub use rotate::{RotateError, Rotated, State, list, rotate};
pub use store::KeyTimes;
pub use verify::{InvalidToken, LEEWAY, Verifier};
