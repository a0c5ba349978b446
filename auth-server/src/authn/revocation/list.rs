//! The revocations that count, in memory.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use papaya::HashMap;
use uuid::Uuid;

use crate::session::{Revocation, Revoked};

/// Sessions and users whose tokens are refused.
#[derive(Default)]
pub(crate) struct RevocationList {
    sessions: HashMap<Uuid, DateTime<Utc>>,
    users: HashMap<Uuid, Arc<[UpTo]>>,
}

/// Sessions up to `number` are refused, except one.
#[derive(Clone, Copy)]
struct UpTo {
    number: i64,
    except: Option<Uuid>,
    expires_at: DateTime<Utc>,
}

impl RevocationList {
    /// Takes in a revocation; one that is known already changes nothing.
    pub(crate) fn add(&self, revocation: &Revocation) {
        let Revocation { user, what, expires_at } = *revocation;
        match what {
            Revoked::Session(sid) => {
                self.sessions.pin().insert(sid, expires_at);
            }
            Revoked::UpTo { number, except } => {
                let new = UpTo { number, except, expires_at };
                self.users.pin().update_or_insert_with(
                    user,
                    |marks| with(marks, new),
                    || Arc::new([new]),
                );
            }
        }
    }

    /// True where tokens of this session are refused.
    pub(crate) fn contains(&self, user: Uuid, sid: Uuid, number: i64) -> bool {
        self.sessions.pin().contains_key(&sid)
            || self.users.pin().get(&user).is_some_and(|marks| {
                marks.iter().any(|mark| number <= mark.number && mark.except != Some(sid))
            })
    }

    /// Forgets what has expired.
    pub(crate) fn sweep(&self, now: DateTime<Utc>) {
        self.sessions.pin().retain(|_, expires_at| now < *expires_at);
        self.users.pin().retain(|_, marks| marks.iter().any(|mark| now < mark.expires_at));
    }
}

/// The marks with `new` among them and without those that it makes superfluous: somebody who logs
/// out elsewhere all the time shall not grow the list.
fn with(marks: &[UpTo], new: UpTo) -> Arc<[UpTo]> {
    let covers = |a: &UpTo, b: &UpTo| {
        a.number >= b.number
            && a.expires_at >= b.expires_at
            && (a.except.is_none() || a.except == b.except)
    };
    if marks.iter().any(|mark| covers(mark, &new)) {
        return marks.into();
    }
    marks.iter().filter(|mark| !covers(&new, mark)).copied().chain([new]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const USER: Uuid = Uuid::from_u128(1);
    const PHONE: Uuid = Uuid::from_u128(2);
    const LAPTOP: Uuid = Uuid::from_u128(3);
    const LATER: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn marks(all: &[Revoked]) -> RevocationList {
        let marks = RevocationList::default();
        for what in all {
            marks.add(&Revocation { user: USER, what: *what, expires_at: LATER });
        }
        marks
    }

    #[test]
    fn one_session_ends_alone() {
        let marks = marks(&[Revoked::Session(PHONE)]);
        assert!(marks.contains(USER, PHONE, 1));
        assert!(!marks.contains(USER, LAPTOP, 1));
    }

    #[test]
    fn a_marker_spares_its_exception_and_what_came_later() {
        let marks = marks(&[Revoked::UpTo { number: 7, except: Some(PHONE) }]);
        assert!(marks.contains(USER, LAPTOP, 7));
        assert!(!marks.contains(USER, PHONE, 3));
        assert!(!marks.contains(USER, LAPTOP, 8));
        assert!(!marks.contains(Uuid::from_u128(9), LAPTOP, 1));
    }

    #[test]
    fn who_was_spared_once_is_not_spared_by_the_next_marker() {
        let marks = marks(&[
            Revoked::UpTo { number: 7, except: Some(PHONE) },
            Revoked::UpTo { number: 9, except: Some(LAPTOP) },
        ]);
        assert!(marks.contains(USER, PHONE, 3));
        // Ended by the first marker; the second one doesn't bring it back.
        assert!(marks.contains(USER, LAPTOP, 7));
        assert!(!marks.contains(USER, LAPTOP, 9));
    }

    #[test]
    fn repeated_markers_take_one_place() {
        let one = Revoked::UpTo { number: 7, except: Some(PHONE) };
        let marks = marks(&[one, one, Revoked::UpTo { number: 8, except: Some(PHONE) }, one]);
        assert_eq!(marks.users.pin().get(&USER).map(|all| all.len()), Some(1));
    }

    #[test]
    fn what_has_expired_is_forgotten() {
        let marks = marks(&[Revoked::Session(PHONE), Revoked::UpTo { number: 7, except: None }]);
        marks.sweep(LATER - TimeDelta::seconds(1));
        assert!(marks.contains(USER, PHONE, 8));
        marks.sweep(LATER);
        assert!(!marks.contains(USER, PHONE, 1));
        assert!(marks.users.is_empty());
    }
}
