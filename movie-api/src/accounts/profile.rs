//! `GET` and `PATCH /user/`

use std::sync::Arc;

use poem::http::Method;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use service::http::{Body, Reply};
use service::problem::{Problem, Spec, request};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use super::problems::{DATABASE, DATABASE_WRITE, SIGNED_IN, USER_NOT_FOUND};
use super::{Accounts, NO_BODY, Tag};
use crate::caller::{Caller, CallerKind};
use crate::catalogue::{Count, Facet, Order, Search, Section};
use crate::error::{UNAVAILABLE, WithToken};

/// An account, as its owner sees it.
#[derive(Object)]
#[oai(read_only_all)]
pub(super) struct Profile {
    /// Identifies the account; never changes.
    id: String,
    /// Login: random for an account that was created here.
    login: String,
    /// E-mail address: the confirmed one, if there is one.
    email: Option<String>,
    /// Whether `email` was confirmed; until then it is only a claim.
    email_verified: bool,
    /// The address that replaces `email` once it is confirmed.
    pending_email: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// Id of the user's favorite genre.
    favorite_genre: Option<String>,
    /// Parts of user agents that may log in; `null`: any may.
    allowed_user_agents: Option<Vec<String>>,
    /// Roles granted to the user, without inherited ones.
    roles: Vec<String>,
    /// When the account was created.
    created_at: String,
    /// When the user last logged in.
    last_login_at: Option<String>,
    /// Always false: a disabled account has no session.
    disabled: bool,
}

/// A change of the profile. A field that is left out keeps its value; `null` removes it.
#[derive(Deserialize, Serialize, Object)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    /// First name, 1–100 characters.
    #[serde(default, skip_serializing_if = "MaybeUndefined::is_undefined")]
    first_name: MaybeUndefined<String>,
    /// Last name, 1–100 characters.
    #[serde(default, skip_serializing_if = "MaybeUndefined::is_undefined")]
    last_name: MaybeUndefined<String>,
    /// Id of a genre that the caller finds in the catalogue, at most 512 characters.
    #[serde(default, skip_serializing_if = "MaybeUndefined::is_undefined")]
    favorite_genre: MaybeUndefined<String>,
}

struct GetProfile;

impl Operation for GetProfile {
    const NAME: &'static str = "get_profile";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "me";
    type Success = Reply<Profile>;
    const PROBLEMS: &'static [&'static [Spec]] = &[SIGNED_IN, DATABASE, &[USER_NOT_FOUND]];
}

struct UpdateProfile;

impl Operation for UpdateProfile {
    const NAME: &'static str = "update_profile";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "me";
    type Success = Reply<Profile>;
    const PROBLEMS: &'static [&'static [Spec]] =
        &[request::BODY, SIGNED_IN, DATABASE_WRITE, UNAVAILABLE, &[USER_NOT_FOUND]];
}

pub(crate) struct User(pub(super) Arc<Accounts>);

#[OpenApi(tag = "Tag::Accounts")]
impl User {
    /// Get your account.
    #[oai(path = "/user", method = "get", operation_id = "get_me")]
    async fn get(&self, caller: Caller, origin: Origin) -> Answer<GetProfile> {
        self.0.forwarder.forward(&origin, Some(&caller), NO_BODY).await
    }

    /// Update your names and your favorite genre.
    #[oai(path = "/user", method = "patch", operation_id = "update_me")]
    async fn update(
        &self,
        caller: Caller,
        origin: Origin,
        Body(form): Body<ProfileForm>,
    ) -> Answer<UpdateProfile> {
        if let MaybeUndefined::Value(genre) = &form.favorite_genre
            && let Err(refused) = self.find_genre(&caller, genre).await
        {
            return Answer::new(refused);
        }
        self.0.forwarder.forward(&origin, Some(&caller), Some(&form)).await
    }
}

/// Maximum length of an id in characters, as of those in the query of a list.
const MAX_ID: usize = 512;
/// Films that are looked at; documents that are no film may be among them.
const PROBES: u32 = 4;

impl User {
    /// Whether a film that the caller may read has this genre: more is none of the caller's business.
    async fn find_genre(&self, caller: &Caller, genre: &str) -> Result<(), WithToken<Problem>> {
        // auth-server answers a guest.
        if caller.kind() == CallerKind::Guest {
            return Ok(());
        }
        let search = |admitted| async move {
            let filter = vec![Facet::Genres.term(genre)];
            let search = Search { admitted, filter, matching: None, order: Order::BestRated };
            let found =
                self.0.catalogue.search(&search, &Section::first(PROBES, Count::None)).await?;
            Ok::<_, WithToken<Problem>>(!found.films.is_empty())
        };
        // Elasticsearch refuses to look for text that is longer than any that it indexes.
        if genre.chars().count() <= MAX_ID
            && self.0.authorization.search(caller, search).await?.found
        {
            return Ok(());
        }
        let unknown = Problem::new(request::FIELD).field("favorite_genre");
        Err(unknown.detail("The catalogue has no genre with this id.").into())
    }
}
