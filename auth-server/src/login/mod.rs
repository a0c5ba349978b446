//! Signing in, staying signed in, signing out. One operation per file.

mod agent;
mod answer;
mod log_in;
mod log_out;
mod log_out_others;
pub mod oidc;
mod refresh;
mod register;
mod second_factor;
mod tokens;

use crate::account::{Accounts, device};
use crate::history::Attempt;

/// The operations.
pub type LoginApi = (
    register::Register,
    log_in::LogIn,
    second_factor::SecondStep,
    refresh::Refresh,
    log_out::LogOut,
    log_out_others::LogOutOthers,
);

/// The operations, working on these accounts.
#[must_use]
pub fn api(accounts: &Accounts) -> LoginApi {
    (
        register::Register(accounts.clone()),
        log_in::LogIn(accounts.clone()),
        second_factor::SecondStep(accounts.clone()),
        refresh::Refresh(accounts.clone()),
        log_out::LogOut(accounts.clone()),
        log_out_others::LogOutOthers(accounts.clone()),
    )
}

impl Accounts {
    /// Counts how a try to log in ended, and notes it in the history: `succeeded`, or a code.
    fn note_login(&self, attempt: Attempt, outcome: &'static str) {
        self.logins.ended(outcome);
        self.history.note(attempt, outcome);
    }
}
