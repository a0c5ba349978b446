//! `POST /api/v1/auth/register`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::device::From as FromDevice;
use super::token_pair::{SignedIn, TokenPair, sign_in};
use crate::api::AppState;
use crate::db::{DATABASE, constraint};
use crate::email::{EmailAddress, claim_store};
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, Created};
use crate::login_history::{Attempt, Method, SUCCEEDED};
use crate::password::{NEW_PASSWORD, NewPassword, Password};
use crate::problems;
use crate::session::Device;
use crate::user::credentials::{self, is_address_of_another};
use crate::user::store;
use crate::user::store::NewUser;
use crate::user::{Login, ProfileName, User, in_field};

/// An account to be made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// What to sign in with: 3–64 characters, an e-mail address will do. Compared without regard
    /// to case.
    #[oai(validator(min_length = 3, max_length = 64))]
    login: String,
    /// E-mail address. A mail asks whether it is yours.
    email: Option<String>,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    password: Password,
    /// First name, up to 100 characters.
    first_name: Option<String>,
    /// Last name, up to 100 characters.
    last_name: Option<String>,
}

/// A new account, signed in.
#[derive(Serialize, Object)]
struct Registered {
    /// The account.
    user: User,
    #[serde(flatten)]
    #[oai(flatten)]
    tokens: TokenPair,
}

/// What somebody wants to be called, checked.
struct Names {
    login: Login,
    email: Option<EmailAddress>,
    first_name: Option<ProfileName>,
    last_name: Option<ProfileName>,
}

problems! {
    /// What can go wrong with making an account.
    pub(crate) enum RegisterError includes [BODY, NEW_PASSWORD, DATABASE] {
        LoginTaken = 409 "login_taken" "Somebody else has this login.",
        EmailTaken = 409 "email_taken" "Another account has this e-mail address.",
    }
}

/// The operation.
pub(crate) struct Register(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Register {
    /// Make an account and sign in.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        Body(form): Body<NewAccount>,
    ) -> Result<Created<Registered>, RegisterError> {
        let names = Names::parse(&form)?;
        let password = names.with_password(form.password);
        let hash = self.0.hasher.hash(password).await?;
        let (user, signed_in) = self.make(&names, &hash, &device).await?;
        let (id, session) = (Some(user.id), Some(signed_in.session));
        let attempt = Attempt { user: id, session, ..Attempt::new(Method::Password, device) };
        self.0.history.note(attempt, SUCCEEDED);
        if let (Some(user), Some(email)) = (id, &names.email) {
            self.0.greet(user, email, address).await;
        }
        Ok(Created(Registered { user, tokens: signed_in.tokens }))
    }
}

impl Register {
    async fn make(
        &self,
        names: &Names,
        password_hash: &str,
        device: &Device,
    ) -> Result<(User, SignedIn), RegisterError> {
        let (id, now) = (Uuid::now_v7(), self.0.clock.now());
        let mut transaction = self.0.pool.begin().await?;
        let new = NewUser {
            id,
            login: &names.login,
            email: names.email.as_ref(),
            password_hash: Some(password_hash),
            first_name: names.first_name.as_ref(),
            last_name: names.last_name.as_ref(),
        };
        if let Some(email) = &names.email {
            self.0.make_free(&mut transaction, id, email).await?;
        }
        if is_address_of_another(&mut transaction, names.login.key(), id).await? {
            return Err(login_taken());
        }
        store::insert(&mut transaction, &new, now).await.map_err(taken)?;
        if let Some(email) = &names.email {
            claim_store::claim(&mut transaction, id, email, now).await?;
        }
        let stored = Some(password_hash);
        let number = credentials::begin_session(&mut transaction, id, stored, stored, now)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?;
        let signed_in = sign_in(&self.0, &mut transaction, (id, number), device).await?;
        let row = store::read(&mut transaction, id).await?;
        let row = row.ok_or_else(|| Problem::from(sqlx::Error::RowNotFound))?;
        transaction.commit().await?;
        Ok((User::new(row, &signed_in.roles), signed_in))
    }
}

fn login_taken() -> RegisterError {
    RegisterError::LoginTaken.problem().field("login").into()
}

fn taken(error: sqlx::Error) -> RegisterError {
    match constraint(&error) {
        Some("users_login_key") => login_taken(),
        Some("users_email_key") => RegisterError::EmailTaken.problem().field("email").into(),
        _ => Problem::from(error).into(),
    }
}

impl Names {
    fn parse(form: &NewAccount) -> Result<Self, Problem> {
        let name = |typed: &Option<String>, field| {
            typed.as_deref().map(ProfileName::parse).transpose().map_err(in_field(field))
        };
        Ok(Self {
            login: Login::parse(&form.login).map_err(in_field("login"))?,
            email: form
                .email
                .as_deref()
                .map(EmailAddress::parse)
                .transpose()
                .map_err(in_field("email"))?,
            first_name: name(&form.first_name, "first_name")?,
            last_name: name(&form.last_name, "last_name")?,
        })
    }

    fn with_password(&self, password: Password) -> NewPassword {
        let names = [self.first_name.as_ref(), self.last_name.as_ref()];
        let own_words = names
            .into_iter()
            .flatten()
            .map(ProfileName::as_str)
            .chain(self.email.as_ref().map(EmailAddress::as_str))
            .chain([self.login.as_str()])
            .map(str::to_owned)
            .collect();
        NewPassword { password, field: "password", own_words, second_factor: false }
    }
}
