//! `/api/v1/auth/email`, and what claiming an address takes wherever an account can claim one.

mod claim;
pub(crate) mod verify;
