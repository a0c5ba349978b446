//! `PUT /auth/login`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Body, Reply};
use service::problem::{Spec, request};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::DATABASE_WRITE;
use super::tokens::TokenPair;
use super::{Accounts, Tag};

/// The latest pair of tokens. Both are required: a stolen refresh token alone is worth nothing here.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct PairForm {
    /// The access token, expired or not.
    #[oai(write_only)]
    access_token: String,
    /// The refresh token.
    #[oai(write_only)]
    refresh_token: String,
}

struct RefreshTokens;

impl Operation for RefreshTokens {
    const NAME: &'static str = "refresh";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "auth/refresh";
    type Success = Reply<TokenPair>;
    const PROBLEMS: &'static [&'static [Spec]] = &[
        request::BODY,
        DATABASE_WRITE,
        &[
            Spec::new(
                401,
                "refresh_token_invalid",
                "Invalid, expired or already used refresh token; log in again.",
            ),
            Spec::new(
                401,
                "token_pair_mismatch",
                "The access token is not one of the refresh token's session; send both tokens of the latest pair.",
            ),
        ],
    ];
}

pub(crate) struct Refresh(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl Refresh {
    /// Exchange a pair of tokens for the next one.
    ///
    /// Each refresh token works once. For ten seconds a repeated request gets the same successor
    /// again, in case a response was lost. Reuse after that ends the session. An access token of
    /// another session leaves the refresh token as good as it was.
    #[oai(path = "/auth/login", method = "put", operation_id = "refresh_tokens")]
    async fn refresh(&self, origin: Origin, Body(form): Body<PairForm>) -> Answer<RefreshTokens> {
        self.0.forwarder.forward(&origin, None, Some(&form)).await
    }
}
