//! The verdicts and filters that change, without asking anybody.

use std::sync::Arc;
use std::time::Instant;

use policies::{At, Comparison, Filter, PolicyError, Snapshot, VerdictChanges};

use super::audience::{Audience, Holders};
use crate::policy::warning::PolicyWarning;
use crate::policy::write::Discarded;

/// What a change of the policy means, except for the number of films.
pub(crate) struct Compared {
    /// Policy revision before the change.
    pub(super) revision: i64,
    pub(super) guest: ComparedCaller,
    /// Those whose verdicts or filters change, with their number.
    pub(super) users: Vec<(Holders, i64, ComparedCaller)>,
    pub(super) unaffected: i64,
    pub(super) left_out: i64,
    pub(super) warnings: Vec<PolicyWarning>,
}

/// What changes for one caller.
pub(super) struct ComparedCaller {
    pub(super) verdicts: VerdictChanges,
    /// The filters of films before and after.
    pub(super) films: (Filter, Filter),
}

impl ComparedCaller {
    fn is_affected(&self) -> bool {
        let VerdictChanges { verdicts, complete } = &self.verdicts;
        !verdicts.is_empty() || !complete || self.films.0 != self.films.1
    }
}

/// Compares the policies before and after a write that was discarded; films for this action. `None` if
/// that takes until the deadline.
///
/// # Errors
/// [`PolicyError::Internal`] if casbin fails.
pub(crate) fn compare(
    discarded: &Discarded,
    audience: Audience,
    action: &str,
    at: At,
    deadline: Instant,
) -> Result<Option<Compared>, PolicyError> {
    let Discarded { before, after, warnings, .. } = discarded;
    let comparison = Comparison::new(Arc::clone(before), Arc::clone(after));
    let of = |holders: &Holders| -> Result<ComparedCaller, PolicyError> {
        let filter =
            |policy: &Snapshot, roles| policy.filter(&policy.role_set(roles), action, "film", at);
        Ok(ComparedCaller {
            verdicts: comparison.verdicts(&holders.before, &holders.after)?,
            films: (filter(before, &holders.before)?, filter(after, &holders.after)?),
        })
    };
    let guest = of(&Holders::default())?;
    let (mut users, mut unaffected) = (Vec::new(), 0);
    for (holders, number) in audience.users {
        if Instant::now() >= deadline {
            return Ok(None);
        }
        let compared = of(&holders)?;
        if compared.is_affected() {
            users.push((holders, number, compared));
        } else {
            unaffected += number;
        }
    }
    let (revision, left_out) = (before.revision(), audience.not_compared);
    let warnings = warnings.clone();
    Ok(Some(Compared { revision, guest, users, unaffected, left_out, warnings }))
}
