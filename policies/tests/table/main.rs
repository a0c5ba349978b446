//! The table decides as the rules say, even after a series of writes with verdicts that were cached
//! before them.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

mod labels;
mod qualified;
mod reference;
mod strategies;
mod warnings;
