//! `POST /auth/register`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Body, Created};
use service::problem::{Spec, request};
use uuid::Uuid;

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{DATABASE_WRITE, EMAIL_TAKEN, NEW_PASSWORD, TOO_MANY};
use super::profile::Profile;
use super::tokens::TokenPair;
use super::{Accounts, Tag};

/// A new account.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// E-mail address. A verification e-mail is sent to it.
    email: String,
    /// 8–128 characters of any kind, hard to guess.
    #[oai(write_only)]
    password: String,
}

/// The account as auth-server takes it.
#[derive(Serialize)]
struct NamedAccount {
    login: String,
    email: String,
    password: String,
}

/// A new account with the tokens of its first session.
#[derive(Object)]
struct Registered {
    /// The account.
    user: Profile,
    #[oai(flatten)]
    tokens: TokenPair,
}

struct RegisterUser;

impl Operation for RegisterUser {
    const NAME: &'static str = "register";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/register";
    type Success = Created<Registered>;
    const PROBLEMS: &'static [&'static [Spec]] =
        &[request::BODY, NEW_PASSWORD, DATABASE_WRITE, &[TOO_MANY, EMAIL_TAKEN]];
}

pub(crate) struct Register(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl Register {
    /// Create an account and log in.
    ///
    /// The account has a random login. Where e-mail is sent, the address belongs to the first account that
    /// confirms it; until then it is only a claim. The tokens work before that, too.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(&self, origin: Origin, Body(form): Body<NewAccount>) -> Answer<RegisterUser> {
        let NewAccount { email, password } = form;
        let login = format!("user-{}", Uuid::new_v4().simple());
        let account = NamedAccount { login, email, password };
        self.0.forwarder.forward(&origin, None, Some(&account)).await
    }
}
