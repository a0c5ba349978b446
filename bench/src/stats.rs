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

/// Median, quartiles, minimum and maximum.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        // Between the two values next to it, in proportion.
        let quartile = |quarters: usize| {
            let position = quarters * values.len().saturating_sub(1);
            let (below, above) = (at(position / 4), at(position.div_ceil(4)));
            let share = match position % 4 {
                0 => 0.0,
                1 => 0.25,
                2 => 0.5,
                _ => 0.75,
            };
            (above - below).mul_add(share, below)
        };
        Self {
            min: quartile(0),
            lower_quartile: quartile(1),
            median: quartile(2),
            upper_quartile: quartile(3),
            max: quartile(4),
        }
    }
}
