//! `/api/v1/auth/…`

mod login;
mod logout;
mod logout_others;
mod passwords;
mod races;
mod refresh;
mod register;
mod second_factor;
mod second_factor_throttle;
mod sessions;
mod throttle;
mod throttle_address;
mod timing;
