//! `auth-server migrate`.

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::migrations;
use crate::policy;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    let pool = open::database(&config.database).await?;
    let applied = migrations::migrate(pool.raw()).await.map_err(Failure::because)?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the database is up to date");
    }
    let seeded = policy::seed::seed(&pool, Clock::default().now()).await;
    match seeded.map_err(Failure::because)? {
        0 => {}
        rules => println!("installed {rules} shipped rules"),
    }
    Ok(())
}
