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

use super::device;
use super::state::Accounts;
use crate::login_history::Attempt;

/// The operations.
pub type LoginApi = (
    register::Register,
    login::LogIn,
    login_second_factor::SecondStep,
    refresh::Refresh,
    logout::LogOut,
    logout_others::LogOutOthers,
);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts) -> LoginApi {
    (
        register::Register(accounts.clone()),
        login::LogIn(accounts.clone()),
        login_second_factor::SecondStep(accounts.clone()),
        refresh::Refresh(accounts.clone()),
        logout::LogOut(accounts.clone()),
        logout_others::LogOutOthers(accounts.clone()),
    )
}

impl Accounts {
    /// Counts how a try to log in ended, and notes it in the history: `succeeded`, or a code.
    fn note_login(&self, attempt: Attempt, outcome: &'static str) {
        self.logins.ended(outcome);
        self.history.note(attempt, outcome);
    }
}
