//! Signing in, staying signed in, signing out. One operation per file.

pub(crate) mod email;
pub(crate) mod login;
pub(crate) mod login_response;
pub(crate) mod login_second_factor;
pub(crate) mod logout;
pub(crate) mod logout_others;
pub(crate) mod oidc;
pub mod password;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod token_pair;
pub(crate) mod user_agent;

use std::sync::Arc;

use super::device;
use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::login_history::Attempt;

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> impl OpenApi + use<> {
    (
        register::Register(Arc::clone(state)),
        login::LogIn(Arc::clone(state)),
        login_second_factor::SecondStep(Arc::clone(state)),
        refresh::Refresh(Arc::clone(state)),
        logout::LogOut(Arc::clone(state)),
        logout_others::LogOutOthers(Arc::clone(state)),
        oidc::api(state),
        email::verify::Verify(Arc::clone(state)),
        password::forgot::Forgot(Arc::clone(state)),
        password::reset::Reset(Arc::clone(state)),
    )
}

impl AppState {
    /// Counts how a try to log in ended, and notes it in the history: `succeeded`, or a code.
    fn note_login(&self, attempt: Attempt, outcome: &'static str) {
        self.logins.ended(outcome);
        self.history.note(attempt, outcome);
    }
}
