//! `auth-server user reset-link`: a new password for users who cannot receive e-mail.

use serde_json::json;
use service::output;

use super::Failure;
use crate::account_admin::create_reset_token;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::user::store;

/// Prints only the link, so that scripts can use it.
pub(crate) async fn run(login: &str, config: &Config, json: bool) -> Result<(), Failure> {
    let clock = Clock::default();
    let pool = open::migrated(&config.database, &clock).await?;
    let user = store::find_by_login(&pool, login).await.map_err(Failure::because)?;
    let user = user.ok_or_else(|| Failure::unknown_login(login))?;
    let now = clock.now();
    let expires_at = now + config.mail.reset_lifetime();
    let mut transaction = pool.begin().await.map_err(Failure::because)?;
    let token = create_reset_token(&mut transaction, user, now, expires_at).await;
    let token = token.map_err(Failure::because)?;
    let token = token.ok_or_else(|| Failure::Failed(format!("{login} is disabled")))?;
    let (name, text) = match &config.mail.link_reset {
        Some(page) => ("link", page.with_token(&token.text)),
        None => ("token", token.text.to_string()),
    };
    if json {
        output::print_once(json!({ name: text, "expires_at": expires_at }))?;
    } else {
        output::print_once(text)?;
    }
    transaction.commit().await.map_err(Failure::because)
}
