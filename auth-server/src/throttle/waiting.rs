//! Attempts that wait until others have ended.
//!
//! If all of them asked again whenever one ends, their number would multiply the load of the counters.

use tokio::sync::{Mutex, Notify};

use super::counter::CounterKey;

/// Counters are distributed over this many lines. Attempts in one line wait for each other, which has
/// no other effect.
const LINES: usize = 256;

pub(crate) struct WaitingLines(Vec<WaitingLine>);

/// The attempts that wait for a counter, in the order of their arrival.
#[derive(Default)]
pub(crate) struct WaitingLine {
    /// Held by the first of them.
    pub(super) first: Mutex<()>,
    /// Wakes it when an attempt has ended.
    pub(super) ended: Notify,
}

impl Default for WaitingLines {
    fn default() -> Self {
        Self((0..LINES).map(|_| WaitingLine::default()).collect())
    }
}

impl WaitingLines {
    #[expect(clippy::indexing_slicing, reason = "a byte is less than the number of lines")]
    pub(super) fn line(&self, key: &CounterKey) -> &WaitingLine {
        &self.0[usize::from(key[0])]
    }
}
