//! `PUT /user/password`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Body, NoContent};
use service::problem::{Spec, request};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{DATABASE_WRITE, NEW_PASSWORD, REAUTHENTICATION, SIGNED_IN, THROTTLE};
use super::{Accounts, Tag};
use crate::caller::Caller;

/// A change of the password.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    /// The current password.
    #[oai(write_only)]
    #[serde(rename(serialize = "current_password"))]
    old_password: String,
    /// 8–128 characters of any kind, not easy to guess.
    #[oai(write_only)]
    new_password: String,
}

struct ChangePassword;

impl Operation for ChangePassword {
    const NAME: &'static str = "change_password";
    const METHOD: Method = Method::PUT;
    const PATH: &'static str = "me/password";
    type Success = NoContent;
    const PROBLEMS: &'static [&'static [Spec]] =
        &[request::BODY, SIGNED_IN, THROTTLE, REAUTHENTICATION, NEW_PASSWORD, DATABASE_WRITE];
}

pub(crate) struct Password(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl Password {
    /// Change your password and end all other sessions.
    ///
    /// auth-server calls the old password `current_password` in its problems.
    #[oai(path = "/user/password", method = "put", operation_id = "change_my_password")]
    async fn change(
        &self,
        caller: Caller,
        origin: Origin,
        Body(form): Body<PasswordForm>,
    ) -> Answer<ChangePassword> {
        self.0.forwarder.forward(&origin, Some(&caller), Some(&form)).await
    }
}
