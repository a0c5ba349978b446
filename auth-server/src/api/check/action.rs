//! The action of a request.

use policies::MAX_ACTION_BYTES;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// An action is compared with those of rules, which are not longer either.
pub(in crate::api) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let action = String::deserialize(deserializer)?;
    if action.len() <= MAX_ACTION_BYTES {
        return Ok(action);
    }
    Err(D::Error::custom(format_args!("an action has at most {MAX_ACTION_BYTES} bytes")))
}

/// The action of questions that name none.
pub(in crate::api) fn read() -> String {
    "read".to_owned()
}
