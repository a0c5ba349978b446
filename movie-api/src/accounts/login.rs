//! `POST /auth/login` and `POST /auth/login/second-factor`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Body, Reply};
use service::problem::{Spec, request};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{AGENT_NOT_ALLOWED, DATABASE_WRITE, THROTTLE, TOO_MANY};
use super::tokens::{LoginResponse, TokenPair};
use super::{Accounts, Tag};

/// The credentials of a login.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    /// E-mail address of the account, or its login.
    #[serde(rename(serialize = "login"))]
    email: String,
    /// The password.
    #[oai(write_only)]
    password: String,
}

/// The second step of a login.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct SecondFactorForm {
    /// The `challenge` from the response of the first step.
    #[oai(write_only)]
    challenge: String,
    /// The current code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: String,
}

struct LogInUser;

impl Operation for LogInUser {
    const NAME: &'static str = "log_in";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/login";
    type Success = Reply<LoginResponse>;
    const PROBLEMS: &'static [&'static [Spec]] = &[
        request::BODY,
        THROTTLE,
        DATABASE_WRITE,
        &[
            Spec::new(401, "credentials_invalid", "Incorrect e-mail address or password."),
            AGENT_NOT_ALLOWED,
        ],
    ];
}

struct CompleteLogin;

impl Operation for CompleteLogin {
    const NAME: &'static str = "complete_login";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/login/second-factor";
    type Success = Reply<TokenPair>;
    const PROBLEMS: &'static [&'static [Spec]] = &[
        request::BODY,
        DATABASE_WRITE,
        &[
            TOO_MANY,
            Spec::new(
                401,
                "challenge_invalid",
                "This login has expired or is already complete; log in again.",
            ),
            Spec::new(401, "invalid_code", "The code is invalid, expired or already used."),
            AGENT_NOT_ALLOWED,
        ],
    ];
}

pub(crate) struct LogIn(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl LogIn {
    /// Log in with an e-mail address and a password.
    ///
    /// Users with a second factor receive a challenge instead of tokens; send it with a code to
    /// `POST /auth/login/second-factor`. After a few failed attempts, further attempts are rejected for
    /// some seconds.
    #[oai(path = "/auth/login", method = "post", operation_id = "log_in")]
    async fn log_in(&self, origin: Origin, Body(form): Body<LoginForm>) -> Answer<LogInUser> {
        self.0.forwarder.forward(&origin, None, Some(&form)).await
    }

    /// Complete a login with a code of the second factor.
    ///
    /// Each code works once. After a few invalid codes in a row, codes are rejected for a delay that
    /// grows up to five minutes; the challenge stays valid.
    #[oai(
        path = "/auth/login/second-factor",
        method = "post",
        operation_id = "complete_second_factor_login"
    )]
    async fn complete(
        &self,
        origin: Origin,
        Body(form): Body<SecondFactorForm>,
    ) -> Answer<CompleteLogin> {
        self.0.forwarder.forward(&origin, None, Some(&form)).await
    }
}
