//! `POST /api/v1/auth/register`

use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::device::FromDevice;
use super::open_session::{OpenedSession, open_first_session};
use super::token_pair::TokenPair;
use crate::api::AppState;
use crate::db::{DATABASE_WRITE, constraint};
use crate::email::EmailAddress;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, ClientAddress, Created};
use crate::login_history::{LoginAttempt, LoginOutcome, Method};
use crate::password::{NEW_PASSWORD, NewPassword, Password};
use crate::problems;
use crate::session::Device;
use crate::throttle::TOO_MANY;
use crate::user::confusable::{self, LOOKS_ALIKE};
use crate::user::credentials;
use crate::user::store;
use crate::user::store::NewUser;
use crate::user::{Login, ProfileName, User, in_field};

/// A new account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// Login name, 3–64 characters without `@`, case-insensitive.
    #[oai(validator(min_length = 3, max_length = 64))]
    login: String,
    /// E-mail address. A verification e-mail is sent to it.
    email: Option<String>,
    /// Password: 8–128 characters of any kind, hard to guess.
    #[oai(write_only)]
    password: Password,
    /// First name, up to 100 characters.
    first_name: Option<String>,
    /// Last name, up to 100 characters.
    last_name: Option<String>,
}

/// A new account with the tokens of its first session.
#[derive(Serialize, Object)]
struct Registered {
    /// The account.
    user: User,
    #[serde(flatten)]
    #[oai(flatten)]
    tokens: TokenPair,
}

/// The validated names of a new account.
struct Names {
    login: Login,
    email: Option<EmailAddress>,
    first_name: Option<ProfileName>,
    last_name: Option<ProfileName>,
}

problems! {
    /// Why no account was created.
    pub(crate) enum RegisterError includes [BODY, &[TOO_MANY], NEW_PASSWORD, DATABASE_WRITE] {
        LoginTaken = 409 "login_taken" "The login is already in use.",
        EmailTaken = 409 "email_taken" "The e-mail address is already in use.",
    }
}

pub(crate) struct Register(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Register {
    /// Create an account and log in.
    ///
    /// Registrations are limited in number, by network and in total.
    #[oai(path = "/register", method = "post", operation_id = "register_user")]
    async fn register(
        &self,
        ClientAddress(address): ClientAddress,
        FromDevice(device): FromDevice,
        Body(form): Body<NewAccount>,
    ) -> Result<Created<Registered>, RegisterError> {
        let names = Names::parse(&form)?;
        let this = Self(Arc::clone(&self.0));
        let registration = async move {
            let result = this.run(names, form.password, device, address).await;
            this.0.registrations.ended(match &result {
                Ok(_) => "succeeded",
                Err(error) => Problem::from(error.clone()).code,
            });
            result
        };
        self.0.complete(registration).await.map(Created)
    }
}

/// A new account and its first session.
struct NewSession {
    user: User,
    session: OpenedSession,
}

impl Register {
    async fn run(
        &self,
        names: Names,
        password: Password,
        device: Device,
        address: IpAddr,
    ) -> Result<Registered, RegisterError> {
        let AppState { throttle, hasher, .. } = &*self.0;
        throttle.register(address).await?;
        let turn = hasher.registration_turn().await?;
        let password = hasher.accept(names.with_password(password)).await?;
        // Saves the hash; whether they are taken is decided when the account is created.
        self.refuse_taken(&names).await?;
        let hash = hasher.hash(password).await?;
        drop(turn);
        let NewSession { user, session } = self.create(&names, &hash, &device, address).await?;
        let attempt = LoginAttempt {
            user: Some(user.id),
            session: Some(session.id),
            ..LoginAttempt::new(Method::Password, device)
        };
        self.0.history.record(attempt, LoginOutcome::Succeeded);
        Ok(Registered { user, tokens: session.tokens })
    }

    async fn refuse_taken(&self, Names { login, email, .. }: &Names) -> Result<(), RegisterError> {
        let claims_block = !self.0.mail.is_sent();
        let taken = store::taken(&self.0.pool, login, email.as_ref(), claims_block).await?;
        if taken.login {
            return Err(login_taken());
        }
        if taken.email {
            return Err(email_taken());
        }
        Ok(())
    }

    async fn create(
        &self,
        names: &Names,
        password_hash: &str,
        device: &Device,
        address: IpAddr,
    ) -> Result<NewSession, RegisterError> {
        let (id, now) = (Uuid::now_v7(), self.0.clock.now());
        let claim = match &names.email {
            Some(email) => Some((email, self.0.message_turn(email, address).await)),
            None => None,
        };
        let mut transaction = self.0.pool.begin().await?;
        let new = NewUser {
            id,
            login: &names.login,
            password_hash: Some(password_hash),
            first_name: names.first_name.as_ref(),
            last_name: names.last_name.as_ref(),
        };
        if !confusable::is_distinct(&mut transaction, &names.login, id).await? {
            return Err(RegisterError::LoginTaken
                .problem()
                .field("login")
                .detail(LOOKS_ALIKE)
                .into());
        }
        store::insert(&mut transaction, &new, now).await.map_err(taken)?;
        if let Some((email, turn)) = claim
            && !self.0.claim_email(&mut transaction, id, email, turn).await?
        {
            return Err(email_taken());
        }
        let stored = Some(password_hash);
        let number = credentials::begin_session(&mut transaction, id, stored, stored, now)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?;
        let session = open_first_session(&self.0, &mut transaction, id, number, device).await?;
        let row = store::read(&mut transaction, id).await?.ok_or(sqlx::Error::RowNotFound)?;
        transaction.commit().await?;
        Ok(NewSession { user: User::new(row, &session.roles), session })
    }
}

fn login_taken() -> RegisterError {
    RegisterError::LoginTaken.problem().field("login").into()
}

fn email_taken() -> RegisterError {
    RegisterError::EmailTaken.problem().field("email").into()
}

fn taken(error: sqlx::Error) -> RegisterError {
    match constraint(&error) {
        Some("users_login_key" | "users_login_skeleton_key") => login_taken(),
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
