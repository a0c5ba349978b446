//! `/api/v1/auth/…`

mod email_verification;
mod login;
mod login_by_email;
mod logout;
pub(crate) mod oidc;
mod password_policy;
mod password_reset;
mod refresh;
mod register;
mod second_factor;
mod second_factor_throttle;
mod session_limit;
mod session_races;
mod throttle;
mod timing;
