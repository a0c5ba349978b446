//! `/api/v1/auth/…`

mod email_verification;
mod login;
mod login_by_email;
mod logout;
pub(crate) mod oidc;
mod password_policy;
mod password_reset;
mod refresh;
mod refresh_pair;
mod register;
mod second_factor;
mod second_factor_throttle;
mod session_limit;
mod session_races;
mod throttle;
mod timing;

use chrono::TimeDelta;
use tests::TestServer;

/// Advances the clock to the next period of ten minutes in which repeated attempts are one entry of the
/// login history.
fn begin_history_period(server: &TestServer) {
    let seconds = server.clock.now().timestamp().rem_euclid(600);
    server.clock.advance(TimeDelta::seconds(600 - seconds));
}
