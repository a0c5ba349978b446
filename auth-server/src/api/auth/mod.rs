//! Registering, logging in and out, refreshing tokens. One operation per file.

pub(crate) mod email;
pub(crate) mod login;
pub(crate) mod login_response;
pub(crate) mod login_second_factor;
pub(crate) mod logout;
pub(crate) mod logout_others;
pub(crate) mod oidc;
pub(crate) mod open_session;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod token_pair;

use std::sync::Arc;

use super::device;
use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::http::problem::Problem;
use crate::login_history::{LoginAttempt, LoginOutcome};

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> impl OpenApi + use<> {
    (
        register::Register(Arc::clone(state)),
        login::LogIn(Arc::clone(state)),
        login_second_factor::CompleteLogin(Arc::clone(state)),
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
    /// Counts a login attempt, and records it in the login history.
    fn record_login(&self, attempt: LoginAttempt, outcome: LoginOutcome) {
        self.logins.ended(outcome.as_str());
        self.history.record(attempt, outcome);
    }
}

/// The outcome of an attempt that was answered with this error.
fn failed<E: Clone + Into<Problem>>(error: &E) -> LoginOutcome {
    let problem: Problem = error.clone().into();
    LoginOutcome::Failed(problem.code)
}

/// The outcome of an attempt in which nothing was verified, and that was answered with this error.
fn unverified<E: Clone + Into<Problem>>(error: &E) -> LoginOutcome {
    let problem: Problem = error.clone().into();
    LoginOutcome::Unverified(problem.code)
}
