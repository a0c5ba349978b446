//! The denylist of revoked sessions, in memory.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use papaya::HashMap;
use uuid::Uuid;

use crate::session::{Revocation, Revoked};

/// Sessions and users whose tokens are refused.
#[derive(Default)]
pub(crate) struct RevocationList {
    sessions: HashMap<Uuid, DateTime<Utc>>,
    users: HashMap<Uuid, Arc<[Cutoff]>>,
}

/// Sessions up to `number` are refused, except one.
#[derive(Clone, Copy)]
struct Cutoff {
    number: i64,
    except: Option<Uuid>,
    expires_at: DateTime<Utc>,
}

impl RevocationList {
    /// Adds a revocation. Adding it again has no effect, unless it expires later: Redis and the database may
    /// disagree about that, after a server whose clock is behind.
    pub(crate) fn add(&self, revocation: &Revocation) {
        let Revocation { user, what, expires_at } = *revocation;
        match what {
            Revoked::Session(sid) => {
                let later = |known: &DateTime<Utc>| expires_at.max(*known);
                self.sessions.pin().update_or_insert(sid, later, expires_at);
            }
            Revoked::UpTo { number, except } => {
                let new = Cutoff { number, except, expires_at };
                self.users.pin().update_or_insert_with(
                    user,
                    |cutoffs| with(cutoffs, new),
                    || Arc::new([new]),
                );
            }
        }
    }

    /// True if tokens of this session are refused.
    pub(crate) fn contains(&self, user: Uuid, sid: Uuid, number: i64) -> bool {
        self.sessions.pin().contains_key(&sid)
            || self.users.pin().get(&user).is_some_and(|cutoffs| {
                cutoffs.iter().any(|it| number <= it.number && it.except != Some(sid))
            })
    }

    /// Removes expired revocations.
    pub(crate) fn sweep(&self, now: DateTime<Utc>) {
        self.sessions.pin().retain(|_, expires_at| now < *expires_at);
        self.users.pin().retain(|_, cutoffs| cutoffs.iter().any(|it| now < it.expires_at));
    }
}

/// The cutoffs with `new`, and without those that it covers: a user who often logs out other devices
/// must not grow the list.
fn with(cutoffs: &[Cutoff], new: Cutoff) -> Arc<[Cutoff]> {
    let covers = |a: &Cutoff, b: &Cutoff| {
        a.number >= b.number
            && a.expires_at >= b.expires_at
            && (a.except.is_none() || a.except == b.except)
    };
    if cutoffs.iter().any(|it| covers(it, &new)) {
        return cutoffs.into();
    }
    cutoffs.iter().filter(|it| !covers(&new, it)).copied().chain([new]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const USER: Uuid = Uuid::from_u128(1);
    const PHONE: Uuid = Uuid::from_u128(2);
    const LAPTOP: Uuid = Uuid::from_u128(3);
    const LATER: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn list(all: &[Revoked]) -> RevocationList {
        let list = RevocationList::default();
        for what in all {
            list.add(&Revocation { user: USER, what: *what, expires_at: LATER });
        }
        list
    }

    #[test]
    fn revoking_a_session_spares_the_others() {
        let list = list(&[Revoked::Session(PHONE)]);
        assert!(list.contains(USER, PHONE, 1));
        assert!(!list.contains(USER, LAPTOP, 1));
    }

    #[test]
    fn a_cutoff_spares_its_exception_and_later_sessions() {
        let list = list(&[Revoked::UpTo { number: 7, except: Some(PHONE) }]);
        assert!(list.contains(USER, LAPTOP, 7));
        assert!(!list.contains(USER, PHONE, 3));
        assert!(!list.contains(USER, LAPTOP, 8));
        assert!(!list.contains(Uuid::from_u128(9), LAPTOP, 1));
    }

    #[test]
    fn an_exception_of_one_cutoff_is_not_spared_by_the_next() {
        let list = list(&[
            Revoked::UpTo { number: 7, except: Some(PHONE) },
            Revoked::UpTo { number: 9, except: Some(LAPTOP) },
        ]);
        assert!(list.contains(USER, PHONE, 3));
        // Revoked by the first cutoff; the second one does not restore it.
        assert!(list.contains(USER, LAPTOP, 7));
        assert!(!list.contains(USER, LAPTOP, 9));
    }

    #[test]
    fn repeated_cutoffs_are_stored_once() {
        let one = Revoked::UpTo { number: 7, except: Some(PHONE) };
        let list = list(&[one, one, Revoked::UpTo { number: 8, except: Some(PHONE) }, one]);
        assert_eq!(list.users.pin().get(&USER).map(|all| all.len()), Some(1));
    }

    #[test]
    fn expired_revocations_are_removed() {
        let list = list(&[Revoked::Session(PHONE), Revoked::UpTo { number: 7, except: None }]);
        list.sweep(LATER - TimeDelta::seconds(1));
        assert!(list.contains(USER, PHONE, 8));
        list.sweep(LATER);
        assert!(!list.contains(USER, PHONE, 1));
        assert!(list.users.is_empty());
    }
}
