//! `auth-server migrate`.

use super::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::open;
use crate::{policy, schema};

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let pool = open::database(&config.database).await.map_err(Failure::because)?;
    let applied = schema::migrate(&pool).await.map_err(Failure::because)?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the database is up to date");
    }
    let seeded = policy::seed::seed(&pool, Clock::default().now()).await;
    match seeded.map_err(|error| Failure::Failed(format!("{error:#}")))? {
        0 => {}
        rules => println!("{rules} shipped rules put in"),
    }
    Ok(())
}
