//! Subjects that a caller names instead of sending their access token: accounts, or users of another system
//! whose roles the caller states.

use std::collections::HashMap;

use policies::RoleName;
use uuid::Uuid;

use super::names::Login;
use crate::db::PgPool;
use crate::policy::grants;

/// The type of subjects that are accounts.
pub(crate) const ACCOUNT_TYPE: &str = "user";

/// A subject as a caller names it.
#[derive(Clone, Debug)]
pub(crate) struct NamedSubject {
    /// [`ACCOUNT_TYPE`], or a type that has no accounts.
    pub kind: String,
    /// Login or user id of an account, or an id of another system.
    pub id: String,
    /// The roles that the caller states. They count only if the id names no account.
    pub roles: Vec<RoleName>,
}

/// What a named subject is to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResolvedSubject {
    /// An account, with its stored roles.
    Account(Vec<RoleName>),
    /// No account; with the roles that the caller states.
    Stranger(Vec<RoleName>),
    /// A disabled or deleted account, to which nothing is allowed.
    Disabled,
    /// No account, but stated to be a superuser, which nobody can vouch for.
    StatedSuperuser,
}

impl ResolvedSubject {
    /// The roles of a subject that searches know: an account, or a subject whose roles the caller states.
    pub(crate) fn known_roles(&self) -> Option<&[RoleName]> {
        match self {
            Self::Account(roles) => Some(roles),
            Self::Stranger(roles) if !roles.is_empty() => Some(roles),
            Self::Stranger(_) | Self::Disabled | Self::StatedSuperuser => None,
        }
    }
}

/// The accounts that some subjects name.
#[derive(Debug, Default)]
pub(crate) struct NamedAccounts {
    by_id: HashMap<Uuid, Account>,
    ids_by_login: HashMap<String, Uuid>,
}

#[derive(Debug)]
struct Account {
    disabled: bool,
    roles: Vec<RoleName>,
}

impl NamedAccounts {
    /// Looks all accounts up at once, by primary key and unique index. Without subjects of the type
    /// [`ACCOUNT_TYPE`] the database is not asked.
    pub(crate) async fn of(
        subjects: impl IntoIterator<Item = &NamedSubject>,
        pool: &PgPool,
    ) -> sqlx::Result<Self> {
        let accounts = subjects.into_iter().filter(|subject| subject.kind == ACCOUNT_TYPE);
        let (logins, ids): (Vec<String>, Vec<Option<Uuid>>) = accounts
            .map(|subject| (Login::key_of(&subject.id), Uuid::parse_str(&subject.id).ok()))
            .unzip();
        let ids: Vec<Uuid> = ids.into_iter().flatten().collect();
        if logins.is_empty() {
            return Ok(Self::default());
        }
        let rows = sqlx::query!(
            r#"SELECT u.id AS "id!", u.login_key AS "login_key?", u.disabled_at IS NOT NULL AS "disabled!",
                      ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS "roles!"
               FROM users u WHERE u.id = ANY($1) OR u.login_key = ANY($2)
               UNION ALL
               SELECT user_id, NULL, true, '{}' FROM account_deletions WHERE user_id = ANY($1)"#,
            &ids,
            &logins,
        );
        let mut found = Self::default();
        for row in rows.fetch_all(pool).await? {
            let account = Account { disabled: row.disabled, roles: grants::names(&row.roles)? };
            found.ids_by_login.extend(row.login_key.map(|login| (login, row.id)));
            found.by_id.insert(row.id, account);
        }
        Ok(found)
    }

    /// The subject, which has to be one of those that were looked up. A user id takes precedence over a
    /// login: anyone may choose a login that looks like the id of another account.
    pub(crate) fn resolve(&self, subject: &NamedSubject) -> ResolvedSubject {
        match self.account(subject) {
            Some(account) if account.disabled => ResolvedSubject::Disabled,
            Some(account) => ResolvedSubject::Account(account.roles.clone()),
            None if subject.roles.contains(&RoleName::superuser()) => {
                ResolvedSubject::StatedSuperuser
            }
            None => ResolvedSubject::Stranger(subject.roles.clone()),
        }
    }

    fn account(&self, subject: &NamedSubject) -> Option<&Account> {
        if subject.kind != ACCOUNT_TYPE {
            return None;
        }
        let by_id = Uuid::parse_str(&subject.id).ok().and_then(|id| self.by_id.get(&id));
        by_id.or_else(|| {
            let id = self.ids_by_login.get(&Login::key_of(&subject.id))?;
            self.by_id.get(id)
        })
    }
}

/// An account with its roles, for a search among all accounts.
pub(crate) struct Candidate {
    /// As typed.
    pub login: String,
    /// What the login is compared by.
    pub login_key: String,
    pub disabled: bool,
    /// Stored roles.
    pub roles: Vec<String>,
}

/// Accounts whose login comes after `after`, folded for comparison; by login, at most `limit`.
pub(crate) async fn candidates(
    pool: &PgPool,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Candidate>> {
    sqlx::query_as!(
        Candidate,
        r#"SELECT login, login_key, disabled_at IS NOT NULL AS "disabled!",
                  ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS "roles!"
           FROM users u WHERE login_key > $1 ORDER BY login_key LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Accounts with the same roles.
pub(crate) struct RoleGroup {
    /// Stored roles.
    pub roles: Vec<String>,
    /// Number of accounts.
    pub accounts: i64,
}

/// The accounts that are not disabled, by their roles, counted up to `limit` accounts in all.
pub(crate) async fn role_groups(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<RoleGroup>> {
    sqlx::query_as!(
        RoleGroup,
        r#"SELECT roles AS "roles!", count(*) AS "accounts!" FROM (
               SELECT ARRAY(SELECT role FROM user_roles WHERE user_id = u.id ORDER BY role) AS roles
               FROM (SELECT id FROM users WHERE disabled_at IS NULL LIMIT $1) u
           ) accounts GROUP BY roles"#,
        limit,
    )
    .fetch_all(pool)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    fn named(kind: &str, id: &str, roles: &[&str]) -> NamedSubject {
        let roles = roles.iter().copied().map(role).collect();
        NamedSubject { kind: kind.to_owned(), id: id.to_owned(), roles }
    }

    #[test]
    fn only_the_id_of_no_account_has_the_stated_roles() {
        let (ada, twin) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let account = |roles: &[&str]| Account {
            disabled: false,
            roles: roles.iter().copied().map(role).collect(),
        };
        let accounts = NamedAccounts {
            by_id: [(ada, account(&["editor"])), (twin, account(&[]))].into(),
            ids_by_login: [("ada".to_owned(), ada), (ada.to_string(), twin)].into(),
        };
        let resolve = |kind, id: &str, roles: &[&str]| accounts.resolve(&named(kind, id, roles));
        let editor = ResolvedSubject::Account(vec![role("editor")]);
        for id in ["ada", "Ada", &ada.to_string()] {
            assert_eq!(resolve("user", id, &["admin", "superuser"]), editor, "{id}");
        }
        assert_eq!(
            resolve("user", "grace", &["admin"]),
            ResolvedSubject::Stranger(vec![role("admin")])
        );
        assert_eq!(resolve("device", "ada", &[]), ResolvedSubject::Stranger(vec![]));
        assert_eq!(resolve("user", "grace", &["superuser"]), ResolvedSubject::StatedSuperuser);
    }
}
