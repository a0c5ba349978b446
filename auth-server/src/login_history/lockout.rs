//! Lockouts: all attempts that one of them refuses are one record.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Method;

/// A lockout of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lockout {
    /// Time of the failed attempt that it follows.
    pub began: DateTime<Utc>,
}

impl Lockout {
    /// The id of the record, which is the same on all servers.
    pub(super) fn record_id(&self, user: Uuid, method: Method) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(user.as_bytes());
        hash.update(self.began.timestamp_micros().to_be_bytes());
        hash.update(method.as_str());
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}
