//! `POST /auth/logout` and `POST /auth/logout/others`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::OpenApi;
use service::http::NoContent;
use service::problem::Spec;

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{DATABASE_WRITE, SIGNED_CLAIMS, SIGNED_IN};
use super::{Accounts, NO_BODY, Tag};
use crate::caller::Caller;

struct EndSession;

impl Operation for EndSession {
    const NAME: &'static str = "log_out";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/logout";
    type Success = NoContent;
    const PROBLEMS: &'static [&'static [Spec]] = &[SIGNED_CLAIMS, DATABASE_WRITE];
}

struct EndOtherSessions;

impl Operation for EndOtherSessions {
    const NAME: &'static str = "log_out_others";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/logout/others";
    type Success = NoContent;
    const PROBLEMS: &'static [&'static [Spec]] = &[SIGNED_IN, DATABASE_WRITE];
}

pub(crate) struct LogOut(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl LogOut {
    /// Log out: end the session of this access token.
    ///
    /// Its tokens are rejected from the next request on. Expired access tokens are accepted, and
    /// ending a session that has already ended is not an error.
    #[oai(path = "/auth/logout", method = "post", operation_id = "log_out")]
    async fn log_out(&self, caller: Caller, origin: Origin) -> Answer<EndSession> {
        self.0.forwarder.forward(&origin, Some(&caller), NO_BODY).await
    }

    /// Log out everywhere else: end all other sessions of the account.
    ///
    /// Their tokens are rejected from the next request on.
    #[oai(path = "/auth/logout/others", method = "post", operation_id = "log_out_other_sessions")]
    async fn log_out_others(&self, caller: Caller, origin: Origin) -> Answer<EndOtherSessions> {
        self.0.forwarder.forward(&origin, Some(&caller), NO_BODY).await
    }
}
