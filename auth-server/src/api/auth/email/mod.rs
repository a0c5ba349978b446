//! `/api/v1/auth/email`, and what claiming an address takes wherever an account can claim one.

pub(crate) mod claim;
pub(crate) mod verify;
