//! `/api/v1/auth/…`

mod login;
mod logout;
mod logout_others;
mod races;
mod refresh;
mod register;
mod sessions;
mod throttle;
mod timing;
