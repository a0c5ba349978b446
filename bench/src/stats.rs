//! Pairs of runs, and medians with their range.

use clap::Args;
use serde::Serialize;

/// Both sides run alternately, so that a change in the machine's load affects both.
#[derive(Args)]
pub(crate) struct Pairs {
    /// Number of pairs.
    #[arg(long, default_value_t = 7)]
    pub(crate) rounds: u32,
    /// Duration of each run in seconds.
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u32,
}

/// Median, minimum and maximum.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(at(middle.saturating_sub(1)), at(middle)),
            _ => at(middle),
        };
        Self { median, min: at(0), max: at(values.len().saturating_sub(1)) }
    }
}
