//! `GET`, `PATCH` and `DELETE /api/v1/me`

use std::sync::Arc;

use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::delete::{DeleteError, delete};
use crate::api::AppState;
use crate::api::current_password::CURRENT_PASSWORD;
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::{DATABASE, constraint};
use crate::email::{EmailAddress, claim_store};
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

/// What is to change of the account; what is left out stays, `null` clears.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    /// E-mail address. Another one wants proof, as a mail to it can set a new password: the current
    /// password, or a code of the second factor.
    #[serde(default)]
    email: MaybeUndefined<String>,
    /// First name, up to 100 characters.
    #[serde(default)]
    first_name: MaybeUndefined<String>,
    /// Last name, up to 100 characters.
    #[serde(default)]
    last_name: MaybeUndefined<String>,
    /// Id of the genre that one likes best, up to 100 characters. Nobody looks it up.
    #[serde(default)]
    favorite_genre: MaybeUndefined<String>,
    /// The current password, for another address.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In its place a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

problems! {
    /// What can go wrong with reading one's own account.
    pub(crate) enum ReadError includes [SIGNED_IN, DATABASE] {
        Gone = 404 "user_not_found" "There is no such account any more.",
    }
}

problems! {
    /// What can go wrong with changing one's own account.
    pub(crate) enum ChangeError includes
        [SIGNED_IN, BODY, PROOF, CURRENT_PASSWORD, THROTTLE, DATABASE] {
        Gone = 404 "user_not_found" "There is no such account any more.",
        EmailTaken = 409 "email_taken" "Another account has this e-mail address.",
    }
}

/// The operations.
pub(crate) struct MeApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MeApi {
    /// Read one's own account.
    #[oai(path = "/", method = "get", operation_id = "me")]
    async fn read(&self, SignedIn(caller): SignedIn) -> Result<Reply<User>, ReadError> {
        let mut connection = self.0.pool.acquire().await?;
        let user = load(&mut connection, caller.user).await?;
        user.map(Reply).ok_or(ReadError::Gone)
    }

    /// Change names, e-mail address and favorite genre.
    ///
    /// A mail asks whether another address is the user's; until it is answered the address counts
    /// for nothing, and after a week somebody else may claim it.
    #[oai(path = "/", method = "patch", operation_id = "change_me")]
    async fn change(
        &self,
        SignedIn(caller): SignedIn,
        ClientAddress(from): ClientAddress,
        Body(mut form): Body<ProfileForm>,
    ) -> Result<Reply<User>, ChangeError> {
        let proof = Proof::new(form.current_password.take(), form.code.take());
        let change = form.parse()?;
        let moves = self.0.moves(caller.user, &change.email).await?;
        if moves {
            self.0.prove(&caller, proof).await?;
        }
        let user = self.store(caller.user, &change).await?;
        if let (true, Change::Set(email)) = (moves, &change.email) {
            self.0.greet(caller.user, email, from).await;
        }
        Ok(Reply(user))
    }

    /// Delete one's own account.
    ///
    /// Its sessions end, and nobody can sign in to it any more. What has to be kept about it, the
    /// history of logins, belongs to nobody then. The last superuser can't go.
    #[oai(path = "/", method = "delete", operation_id = "delete_me")]
    async fn delete(
        &self,
        SignedIn(caller): SignedIn,
        Body(proof): Body<Proof>,
    ) -> Result<NoContent, DeleteError> {
        delete(&self.0, &self.0.policy, &caller, proof).await?;
        Ok(NoContent)
    }
}

impl MeApi {
    async fn store(&self, id: Uuid, change: &ProfileChange) -> Result<User, ChangeError> {
        let mut transaction = self.0.pool.begin().await?;
        if let Change::Set(email) = &change.email {
            self.0.make_free(&mut transaction, id, email).await?;
        }
        if !change_profile(&mut transaction, id, change).await.map_err(taken)? {
            return Err(ChangeError::Gone);
        }
        if let Change::Set(email) = &change.email {
            let now = self.0.clock.now();
            claim_store::claim(&mut transaction, id, email, now).await?;
        }
        let user = load(&mut transaction, id).await?.ok_or(ChangeError::Gone)?;
        transaction.commit().await?;
        Ok(user)
    }
}

impl ProfileForm {
    fn parse(self) -> Result<ProfileChange, Problem> {
        Ok(ProfileChange {
            email: changed(self.email, EmailAddress::parse).map_err(in_field("email"))?,
            first_name: changed(self.first_name, ProfileName::parse)
                .map_err(in_field("first_name"))?,
            last_name: changed(self.last_name, ProfileName::parse)
                .map_err(in_field("last_name"))?,
            favorite_genre: changed(self.favorite_genre, Genre::parse)
                .map_err(in_field("favorite_genre"))?,
        })
    }
}

async fn load(database: &mut PgConnection, id: Uuid) -> Result<Option<User>, Problem> {
    let Some(row) = store::read(database, id).await? else { return Ok(None) };
    let roles = grants::of_user(database, id).await?.roles;
    Ok(Some(User::new(row, &roles)))
}

/// What the form says about a value.
fn changed<T>(
    form: MaybeUndefined<String>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Change<T>, &'static str> {
    match form {
        MaybeUndefined::Undefined => Ok(Change::Keep),
        MaybeUndefined::Null => Ok(Change::Clear),
        MaybeUndefined::Value(typed) => parse(&typed).map(Change::Set),
    }
}

fn taken(error: sqlx::Error) -> ChangeError {
    match constraint(&error) {
        Some("users_email_key") => ChangeError::EmailTaken.problem().field("email").into(),
        _ => Problem::from(error).into(),
    }
}
