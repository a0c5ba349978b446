//! The table decides as the rules are written, also after a row of writes, with verdicts kept from
//! before.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test ends it")]

mod labels;
mod plain;
mod writes;
