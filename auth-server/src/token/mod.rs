//! Access tokens: signed statements about the caller, valid for five minutes and never stored; and the
//! keys that sign them.

pub(crate) mod challenge;
pub(crate) mod issue;
pub(crate) mod key;
pub(crate) mod revoke;
pub(crate) mod ring;
pub(crate) mod rotate;
pub(crate) mod store;
pub(crate) mod verify;

pub use challenge::{CHALLENGE_TYPE, Challenge, Challenges, IssuedChallenge};
pub(crate) use issue::CLIENT_ID;
pub use issue::{AccessToken, Claims, Issuer, Subject, TYPE};
pub use key::Key;
pub(crate) use key::KeyRevocation;
pub(crate) use revoke::replace_all;
pub use revoke::{RevokeError, RevokedKey, revoke};
pub use ring::{KeyError, KeyRing, create_first, reencrypt, reload};
pub use rotate::{KeyState, RotateError, Rotation, list, rotate};
pub use store::KeyTimes;
pub(crate) use verify::IssuedToken;
#[cfg(feature = "fuzzing")]
pub(crate) use verify::fuzzed;
pub use verify::{InvalidToken, LEEWAY, Verified, Verifier};
