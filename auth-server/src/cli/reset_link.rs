//! `auth-server user reset-link`: a new password for whom no mail reaches.

use sqlx::PgPool;

use super::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::email::Letters;
use crate::user::{Login, store};

/// Prints the link alone, so that a script can take it.
pub(crate) async fn run(login: &str, config: &Config, pool: &PgPool) -> Result<(), Failure> {
    let known = store::credentials(pool, &Login::key_of(login)).await.map_err(Failure::because)?;
    let unknown = || Failure::Failed(format!("there is no account `{login}`"));
    let user = known.ok_or_else(unknown)?.id;
    let now = Clock::default().now();
    let times = (now, now + config.mail.reset_life());
    let token = crate::api::auth::password::reset_link(pool, user, times)
        .await
        .map_err(Failure::because)?;
    let token = token.ok_or_else(|| Failure::Failed(format!("{login} is disabled")))?;
    let letters = Letters::new(&config.second_factor.name, &config.mail);
    println!("{}", *letters.reset_link(&token).0);
    Ok(())
}
