//! `GET`, `PATCH` and `DELETE /api/v1/me`

use std::sync::Arc;

use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use uuid::Uuid;

use super::delete::{DeleteError, delete};
use crate::api::AppState;
use crate::api::auth::email::claim::MessageTurn;
use crate::api::reauthentication::{
    REAUTHENTICATION, Reauthenticated, Reauthentication, reauthentication_required,
};
use crate::audit::AccountChange;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::{DATABASE, DATABASE_WRITE, PgConnection};
use crate::email::EmailAddress;
use crate::email::claim_store::{self, AccountEmail};
use crate::email::notice::Notice;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, NoContent, Reply};
use crate::password::Password;
use crate::policy::grants;
use crate::problems;
use crate::throttle::THROTTLE;
use crate::user::profile::{Change, ProfileChange, change_profile};
use crate::user::store;
use crate::user::{Genre, ProfileName, User, in_field};

/// A change of the account. A field that is left out keeps its value; `null` removes it.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    /// E-mail address. A different one requires `current_password` or `code`, because an e-mail to it
    /// can reset the password.
    #[serde(default)]
    email: MaybeUndefined<String>,
    /// First name, 1–100 characters.
    #[serde(default)]
    first_name: MaybeUndefined<String>,
    /// Last name, 1–100 characters.
    #[serde(default)]
    last_name: MaybeUndefined<String>,
    /// Id of the favorite genre, 1–100 characters. Whether the genre exists is not checked.
    #[serde(default)]
    favorite_genre: MaybeUndefined<String>,
    /// The current password, for a different address.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

problems! {
    /// Problems of reading one's own account.
    pub(crate) enum GetError includes [SIGNED_IN, DATABASE] {
        Deleted = 404 "user_not_found" "This account no longer exists.",
    }
}

problems! {
    /// Problems of changing one's own account.
    pub(crate) enum UpdateError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE] {
        Deleted = 404 "user_not_found" "This account no longer exists.",
        EmailTaken = 409 "email_taken" "Another account has this e-mail address.",
    }
}

/// `get_me`, `update_me`, `delete_me`
pub(crate) struct MeApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MeApi {
    /// Get your account.
    #[oai(path = "/", method = "get", operation_id = "get_me")]
    async fn get(&self, SignedIn(caller): SignedIn) -> Result<Reply<User>, GetError> {
        let mut connection = self.0.pool.acquire().await?;
        let user = load(&mut connection, caller.user).await?;
        user.map(Reply).ok_or(GetError::Deleted)
    }

    /// Update names, e-mail address and favorite genre.
    ///
    /// A new address receives an e-mail that asks to confirm it. Until then a confirmed address stays
    /// in use, and the new one belongs to nobody: another account that confirms it first has it. If
    /// the server sends no e-mail, the new address replaces the old one at once, unless another
    /// account has it.
    #[oai(path = "/", method = "patch", operation_id = "update_me")]
    async fn update(
        &self,
        SignedIn(caller): SignedIn,
        ClientAddress(from): ClientAddress,
        Body(mut form): Body<ProfileForm>,
    ) -> Result<Reply<User>, UpdateError> {
        let current_password = form.current_password.take();
        let sent = Reauthentication { current_password, code: form.code.take() };
        let change = form.parse()?;
        let before = claim_store::read(&self.0.pool, caller.user).await?;
        let before = before.ok_or(UpdateError::Deleted)?;
        let changes = changes_email(&before, &change.email);
        let reauthenticated =
            if changes { Some(self.0.reauthenticate(&caller, sent).await?) } else { None };
        let turn = match &change.email {
            Change::Set(email) if !before.has(email) => self.0.message_turn(email, from).await,
            _ => None,
        };
        self.store(caller.user, &change, reauthenticated.as_ref(), turn).await.map(Reply)
    }

    /// Delete your account.
    ///
    /// All sessions end. Its login history is kept without the user: soon after, everything that
    /// identifies the user or their devices is erased from it. The last superuser cannot be
    /// deleted.
    #[oai(path = "/", method = "delete", operation_id = "delete_me")]
    async fn delete(
        &self,
        SignedIn(caller): SignedIn,
        Body(sent): Body<Reauthentication>,
    ) -> Result<NoContent, DeleteError> {
        delete(&self.0, &caller, sent).await?;
        Ok(NoContent)
    }
}

impl MeApi {
    /// Stores the change.
    async fn store(
        &self,
        id: Uuid,
        change: &ProfileChange,
        reauthenticated: Option<&Reauthenticated>,
        turn: Option<MessageTurn>,
    ) -> Result<User, UpdateError> {
        let mut transaction = match reauthenticated {
            Some(reauthenticated) => self.0.begin_change(reauthenticated).await?,
            None => self.0.pool.begin().await?,
        };
        if !store::lock(&mut transaction, id).await? {
            return Err(UpdateError::Deleted);
        }
        // Again, now that the account is locked: a concurrent request may have changed the address.
        let before = claim_store::read(&mut *transaction, id).await?;
        let changes = changes_email(&before.ok_or(UpdateError::Deleted)?, &change.email);
        if changes && reauthenticated.is_none() {
            return Err(reauthentication_required().into());
        }
        if changes {
            let notice = match &change.email {
                Change::Set(_) if self.0.mail.is_sent() => Notice::EmailRequested,
                _ => Notice::EmailChanged,
            };
            let recorded = AccountChange { user: id, operation: "update_me", notice };
            recorded.record(&mut transaction, self.0.clock.now()).await?;
        }
        match &change.email {
            Change::Keep => {}
            Change::Clear => claim_store::clear(&mut transaction, id).await?,
            Change::Set(email) => {
                if !self.0.claim_email(&mut transaction, id, email, turn).await? {
                    return Err(UpdateError::EmailTaken.problem().field("email").into());
                }
            }
        }
        change_profile(&mut transaction, id, change).await?;
        let user = load(&mut transaction, id).await?.ok_or(UpdateError::Deleted)?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl ProfileForm {
    fn parse(self) -> Result<ProfileChange, Problem> {
        Ok(ProfileChange {
            email: parse_change(self.email, EmailAddress::parse).map_err(in_field("email"))?,
            first_name: parse_change(self.first_name, ProfileName::parse)
                .map_err(in_field("first_name"))?,
            last_name: parse_change(self.last_name, ProfileName::parse)
                .map_err(in_field("last_name"))?,
            favorite_genre: parse_change(self.favorite_genre, Genre::parse)
                .map_err(in_field("favorite_genre"))?,
        })
    }
}

async fn load(database: &mut PgConnection, id: Uuid) -> Result<Option<User>, Problem> {
    let Some(row) = store::read(database, id).await? else { return Ok(None) };
    let roles = grants::of_user(database, id).await?.roles;
    Ok(Some(User::new(row, &roles)))
}

/// The change of a value that the form asks for.
fn parse_change<T>(
    form: MaybeUndefined<String>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Change<T>, &'static str> {
    match form {
        MaybeUndefined::Undefined => Ok(Change::Keep),
        MaybeUndefined::Null => Ok(Change::Clear),
        MaybeUndefined::Value(typed) => parse(&typed).map(Change::Set),
    }
}

/// Whether this change gives the account another address or none. That takes reauthentication, as a
/// message to the address can set a new password.
fn changes_email(before: &AccountEmail, change: &Change<EmailAddress>) -> bool {
    match change {
        Change::Keep => false,
        Change::Clear => before.latest().is_some(),
        Change::Set(email) => before.latest() != Some(email.key()),
    }
}
