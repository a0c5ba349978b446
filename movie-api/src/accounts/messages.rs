//! What the links in e-mails lead to: `POST /auth/email/verify`, `POST /auth/password/forgot` and
//! `POST /auth/password/reset`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Accepted, Body, NoContent};
use service::problem::{Spec, request};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{
    DATABASE, DATABASE_WRITE, EMAIL_TAKEN, NEW_PASSWORD, PASSWORD_INCORRECT, THROTTLE, TOKEN,
    TOO_MANY,
};
use super::{Accounts, Tag};
use crate::caller::Caller;

/// The token of a message that asks to confirm an address.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct VerificationForm {
    /// Token from the message: what follows `#token=` in its link.
    #[oai(write_only)]
    token: String,
    /// Password of the account that claims the address. Not needed with an access token of that
    /// account.
    #[oai(write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    current_password: Option<String>,
}

/// The account whose password is forgotten.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct Forgotten {
    /// Confirmed e-mail address of the account.
    email: String,
}

/// A new password in place of a forgotten one.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct ResetForm {
    /// Token from the message: what follows `#token=` in its link.
    #[oai(write_only)]
    token: String,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: String,
}

struct VerifyEmail;

impl Operation for VerifyEmail {
    const NAME: &'static str = "verify_email";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/email/verify";
    type Success = NoContent;
    const PROBLEMS: &'static [&'static [Spec]] = &[
        request::BODY,
        TOKEN,
        THROTTLE,
        DATABASE_WRITE,
        &[
            Spec::new(
                401,
                "verification_token_invalid",
                "Invalid or expired token, or the account no longer claims the address; request a new e-mail.",
            ),
            PASSWORD_INCORRECT,
            Spec::new(
                403,
                "account_proof_required",
                "Log in to the account that claims this address, or send its password.",
            ),
            EMAIL_TAKEN,
        ],
    ];
}

struct RequestReset;

impl Operation for RequestReset {
    const NAME: &'static str = "request_password_reset";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/password/forgot";
    type Success = Accepted;
    const PROBLEMS: &'static [&'static [Spec]] = &[request::BODY, DATABASE, &[TOO_MANY]];
}

struct ResetPassword;

impl Operation for ResetPassword {
    const NAME: &'static str = "reset_password";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/password/reset";
    type Success = NoContent;
    const PROBLEMS: &'static [&'static [Spec]] = &[
        request::BODY,
        NEW_PASSWORD,
        DATABASE_WRITE,
        &[Spec::new(401, "reset_token_invalid", "Invalid or expired token; request a new e-mail.")],
    ];
}

pub(crate) struct Messages(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl Messages {
    /// Confirm an e-mail address with the token of a message.
    ///
    /// Send it with an access token of the account that claims the address, or with that account's
    /// password. The token works once, and only while the account claims the address.
    #[oai(path = "/auth/email/verify", method = "post", operation_id = "verify_email")]
    async fn verify(
        &self,
        caller: Caller,
        origin: Origin,
        Body(form): Body<VerificationForm>,
    ) -> Answer<VerifyEmail> {
        self.0.forwarder.forward(&origin, Some(&caller), Some(&form)).await
    }

    /// Request an e-mail to reset a forgotten password.
    ///
    /// It is sent only to a confirmed address. Neither the response nor its time reveals whether an
    /// account has this address.
    #[oai(path = "/auth/password/forgot", method = "post", operation_id = "request_password_reset")]
    async fn forgot(&self, origin: Origin, Body(form): Body<Forgotten>) -> Answer<RequestReset> {
        self.0.forwarder.forward(&origin, None, Some(&form)).await
    }

    /// Set a new password with the token of a message, and end all sessions.
    ///
    /// The token works once; a rejected password does not consume it. Users with a second factor
    /// are still asked for it at the next login.
    #[oai(path = "/auth/password/reset", method = "post", operation_id = "reset_password")]
    async fn reset(&self, origin: Origin, Body(form): Body<ResetForm>) -> Answer<ResetPassword> {
        self.0.forwarder.forward(&origin, None, Some(&form)).await
    }
}
