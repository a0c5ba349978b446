//! What makes an access token worthless before it expires.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order to refuse access tokens that were issued before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revocation {
    /// Whose tokens.
    pub user: Uuid,
    /// Which of them.
    pub what: Revoked,
    /// When every such token has expired anyway.
    pub expires_at: DateTime<Utc>,
}

/// The sessions whose tokens are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Revoked {
    /// This one.
    Session(Uuid),
    /// All of the user's up to a number, except one.
    UpTo {
        /// The last number that is meant.
        number: i64,
        /// The session that goes on.
        except: Option<Uuid>,
    },
}
