//! `auth-server user reset-link`: a new password for users who cannot receive e-mail.

use sqlx::PgPool;

use super::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::user::store;

/// Prints only the link, so that scripts can use it.
pub(crate) async fn run(login: &str, config: &Config, pool: &PgPool) -> Result<(), Failure> {
    let user = store::find_by_login(pool, login).await.map_err(Failure::because)?;
    let user = user.ok_or_else(|| Failure::unknown_login(login))?;
    let now = Clock::default().now();
    let times = (now, now + config.mail.reset_lifetime());
    let token = crate::api::auth::password::reset_link(pool, user, times)
        .await
        .map_err(Failure::because)?;
    let token = token.ok_or_else(|| Failure::Failed(format!("{login} is disabled")))?;
    match &config.mail.link_reset {
        Some(page) => println!("{}", page.with_token(&token.text)),
        None => println!("{}", *token.text),
    }
    Ok(())
}
