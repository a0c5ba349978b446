//! `Idempotency-Key`: an admin write that is sent again under its key is answered as before, and not made again.

mod header;
mod store;

pub(crate) use header::IdempotencyKey;
pub(crate) use store::{Claim, Claimed, Earlier};

use crate::http::problem::Spec;

const KEY_REUSED: Spec =
    Spec::new(422, "idempotency_key_reused", "This Idempotency-Key was sent with another request.");

const IN_PROGRESS: Spec = Spec::new(
    409,
    "request_in_progress",
    "A request with this Idempotency-Key is still being processed.",
);

/// What an operation with an `Idempotency-Key` can answer because of it.
pub(crate) const IDEMPOTENCY: &[Spec] = &[KEY_REUSED, IN_PROGRESS];
