//! `PUT /api/v1/me/user-agents`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::api::current_password::{CURRENT_PASSWORD, wrong};
use crate::api::device::From as FromDevice;
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{Body, NoContent};
use crate::password::Password;
use crate::problems;
use crate::session::Device;
use crate::throttle::THROTTLE;
use crate::user::user_agents::AllowedUserAgents;
use crate::user::{in_field, user_agents};

/// Which programs may sign in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct AgentsForm {
    /// 1–20 parts of user agents, such as `Firefox`, of up to 200 characters each. A program may sign
    /// in whose header `User-Agent` contains one of them among its first 200 characters, whatever the
    /// case of letters. Left out or `null`: any may.
    allowed: Option<Vec<String>>,
    /// The password, or a `code`: whoever finds an unlocked screen has neither. An account without
    /// both takes a session that is at most five minutes old in their place.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In place of the password a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

problems! {
    /// What can go wrong with changing which programs may sign in.
    pub(crate) enum AgentsError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, DATABASE]
    {}
}

/// The operation.
pub(crate) struct UserAgentsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl UserAgentsApi {
    /// Change which programs may sign in.
    ///
    /// A login by another one is refused with `agent_not_allowed`, and stands in the history. The
    /// program that asks has to be among those that may. Sessions that are open go on. A user agent
    /// is what a program says about itself: this keeps one's own habits, and no thief out who knows
    /// them.
    #[oai(path = "/user-agents", method = "put", operation_id = "allow_user_agents")]
    async fn allow(
        &self,
        SignedIn(caller): SignedIn,
        FromDevice(device): FromDevice,
        Body(form): Body<AgentsForm>,
    ) -> Result<NoContent, AgentsError> {
        let list = form.allowed.as_deref().map(AllowedUserAgents::parse).transpose();
        let list = list.map_err(in_field("allowed"))?;
        may_come_back(list.as_ref(), &device)?;
        let proof = Proof::new(form.current_password, form.code);
        let checked = self.0.prove(&caller, proof).await?;
        let mut database = self.0.pool.acquire().await?;
        let done =
            user_agents::replace(&mut database, caller.user, checked.as_deref(), list.as_ref());
        if done.await? { Ok(NoContent) } else { Err(wrong().into()) }
    }
}

/// Refuses a list by which the program that asks could not sign in again.
fn may_come_back(list: Option<&AllowedUserAgents>, device: &Device) -> Result<(), Problem> {
    let agent = device.name.as_deref();
    if list.is_none_or(|list| list.allows(agent)) {
        return Ok(());
    }
    let called =
        agent.map_or("has no user agent".into(), |agent| format!("calls itself `{agent}`"));
    Err(Problem::new(FIELD).field("allowed").detail(format!(
        "You could not sign in again from here: this program {called}, which none of these allows."
    )))
}
