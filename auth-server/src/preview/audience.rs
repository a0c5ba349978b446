//! The users whom a change of the policy could affect, by their roles before and after.

use std::collections::{BTreeMap, HashMap};

use policies::RoleName;
use uuid::Uuid;

use crate::db::PgPool;
use crate::policy::write::Discarded;
use crate::policy::{grants, role_sets};

/// Maximum number of sets of roles that are compared; those of most users come first.
const MAX_ROLE_SETS: i64 = 1_000;

/// The roles that some users hold before and after the change, each sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holders {
    pub(super) before: Vec<RoleName>,
    pub(super) after: Vec<RoleName>,
}

/// All users.
pub(crate) struct Audience {
    /// How many users hold these roles; those of most users first.
    pub(super) users: Vec<(Holders, i64)>,
    /// How many users have a set of roles that is not compared.
    pub(super) not_compared: i64,
}

impl Holders {
    fn new(mut before: Vec<RoleName>, mut after: Vec<RoleName>) -> Self {
        before.sort();
        after.sort();
        Self { before, after }
    }
}

impl Audience {
    /// The users at the time of a write that was discarded.
    pub(crate) async fn of(discarded: &Discarded, pool: &PgPool) -> sqlx::Result<Self> {
        let (sets, not_compared) = role_sets::with_most_users(pool, MAX_ROLE_SETS).await?;
        let mut users: BTreeMap<Holders, i64> = BTreeMap::new();
        for set in sets {
            let roles = grants::names(&set.roles)?;
            users.insert(Holders::new(roles.clone(), roles), set.users);
        }
        // Of several changes of one user's roles the last one counts.
        let after: HashMap<Uuid, &Vec<RoleName>> =
            discarded.user_roles.iter().map(|change| (change.user, &change.roles)).collect();
        let ids: Vec<Uuid> = after.keys().copied().collect();
        for (user, before) in grants::of_users(pool, &ids).await? {
            let Some(&after) = after.get(&user) else { continue };
            if let Some(users) = users.get_mut(&Holders::new(before.clone(), before.clone())) {
                *users -= 1;
            }
            *users.entry(Holders::new(before, after.clone())).or_default() += 1;
        }
        let mut users: Vec<(Holders, i64)> =
            users.into_iter().filter(|(_, users)| *users > 0).collect();
        users.sort_by_key(|(_, users)| -users);
        Ok(Self { users, not_compared })
    }
}
