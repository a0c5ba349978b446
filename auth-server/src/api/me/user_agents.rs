//! `PUT /api/v1/me/user-agents`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::AppState;
use crate::api::device::FromDevice;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::audit::AccountChange;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::email::notice::Notice;
use crate::http::problem::Problem;
use crate::http::request_errors::{BODY, FIELD};
use crate::http::{Body, NoContent};
use crate::password::Password;
use crate::problems;
use crate::session::Device;
use crate::throttle::THROTTLE;
use crate::user::user_agents::AllowedUserAgents;
use crate::user::{in_field, user_agents};

/// The user agents that may log in.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct UserAgentsForm {
    /// 1–20 parts of user agents, such as `Firefox`, of 1–200 characters each. A client may log in if
    /// the first 200 characters of its `User-Agent` header contain one of them, ignoring case.
    /// Default or `null`: any client may log in.
    allowed: Option<Vec<String>>,
    /// The password; or send a `code`. An account with neither password nor second factor sends none
    /// of them and needs a session that is at most five minutes old.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

problems! {
    /// Problems of setting the allowed user agents.
    pub(crate) enum UserAgentsError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, DATABASE_WRITE]
    {}
}

/// `set_my_user_agents`
pub(crate) struct MyUserAgentsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyUserAgentsApi {
    /// Set the user agents that may log in to your account.
    ///
    /// A login by another client is refused with `agent_not_allowed` and recorded in the login
    /// history. The calling client must be allowed by the list. Active sessions continue. A client
    /// chooses its user agent freely: the list is a convenience, not a security boundary.
    #[oai(path = "/user-agents", method = "put", operation_id = "set_my_user_agents")]
    async fn set(
        &self,
        SignedIn(caller): SignedIn,
        FromDevice(device): FromDevice,
        Body(form): Body<UserAgentsForm>,
    ) -> Result<NoContent, UserAgentsError> {
        let UserAgentsForm { allowed, current_password, code } = form;
        let list = allowed.as_deref().map(AllowedUserAgents::parse).transpose();
        let list = list.map_err(in_field("allowed"))?;
        check_allows_caller(list.as_ref(), &device)?;
        let sent = Reauthentication { current_password, code };
        let reauthenticated = self.0.reauthenticate(&caller, sent).await?;
        let mut transaction = self.0.begin_change(&reauthenticated).await?;
        user_agents::replace(&mut transaction, caller.user, list.as_ref()).await?;
        let (user, operation) = (caller.user, "set_my_user_agents");
        let change = AccountChange { user, operation, notice: Notice::UserAgentsChanged };
        change.record(&mut transaction, self.0.clock.now()).await?;
        transaction.commit().await?;
        Ok(NoContent)
    }
}

/// Refuses a list that would keep the calling client from logging in again.
fn check_allows_caller(list: Option<&AllowedUserAgents>, device: &Device) -> Result<(), Problem> {
    let user_agent = device.name.as_deref();
    if list.is_none_or(|list| list.allows(user_agent)) {
        return Ok(());
    }
    let own = user_agent.map_or("This client has no user agent".into(), |user_agent| {
        format!("The user agent of this client is `{user_agent}`")
    });
    Err(Problem::new(FIELD)
        .field("allowed")
        .detail(format!("{own}, which no entry allows: you could not log in again from here.")))
}
