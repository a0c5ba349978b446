//! `auth-server migrate`.

use service::output;

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{connect, migrations};
use crate::policy;
use crate::user::adopt::adopt;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    let pool = open::database(&config.database).await?;
    let direct = connect(config.database.direct().options()).await.map_err(Failure::because)?;
    let applied = migrations::migrate(direct).await.map_err(Failure::because)?;
    for name in &applied {
        output::print(format_args!("applied {name}"))?;
    }
    if applied.is_empty() {
        output::print(format_args!("the database is up to date"))?;
    }
    for collision in adopt(&pool).await.map_err(Failure::because)? {
        output::print(format_args!("warning: {collision}"))?;
    }
    let seeded = policy::seed::seed(&pool, Clock::default().now()).await;
    match seeded.map_err(Failure::because)? {
        0 => {}
        rules => output::print(format_args!("installed {rules} shipped rules"))?,
    }
    Ok(())
}
