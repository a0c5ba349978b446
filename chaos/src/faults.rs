//! The faults, in the order in which they happen.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::http::At;
use crate::load::Load;
use crate::site::{Part, Site, until_ready};
use crate::stores::Store;

const POSTGRES: Part = Part::Store(Store::Postgres);
const REDIS: Part = Part::Store(Store::Redis);
const ELASTICSEARCH: Part = Part::Store(Store::Elasticsearch);

/// In the order in which it starts again.
const EVERYTHING: &[Part] =
    &[POSTGRES, REDIS, ELASTICSEARCH, Part::Auth(0), Part::Auth(1), Part::Movie, Part::Labeler];

/// How long a server that is replaced may take to be ready.
const REPLACEMENT: Duration = Duration::from_mins(1);

/// Something that goes wrong, and is over after a while.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    cause: Cause,
    /// How long it lasts, in seconds.
    seconds: u64,
}

/// What goes wrong.
enum Cause {
    /// SIGKILL to every process of these parts; they are started again.
    Killed(&'static [Part]),
    /// SIGSTOP to every process of this part; SIGCONT.
    Frozen(Part),
    /// These are stopped as an operator does it and started, one after the other.
    Restarted(&'static [Part]),
    /// `default_transaction_read_only`, as an operator sets it.
    PostgresReadOnly,
    /// PostgreSQL comes back as a standby, and is promoted.
    PostgresFailover,
    /// Redis has no memory left and evicts nothing.
    RedisFull,
    /// Redis is a replica of a server that cannot be reached.
    RedisReplica,
    /// Elasticsearch takes no writes, as with a full disk.
    ElasticsearchReadOnly,
}

/// Every fault.
pub(crate) const FAULTS: &[Fault] = &[
    fault("postgres-killed", Cause::Killed(&[POSTGRES]), 5),
    fault("postgres-frozen", Cause::Frozen(POSTGRES), 20),
    fault("postgres-read-only", Cause::PostgresReadOnly, 8),
    fault("postgres-failover", Cause::PostgresFailover, 8),
    fault("postgres-restarted", Cause::Restarted(&[POSTGRES]), 0),
    fault("redis-killed", Cause::Killed(&[REDIS]), 5),
    fault("redis-frozen", Cause::Frozen(REDIS), 10),
    fault("redis-full", Cause::RedisFull, 5),
    fault("redis-replica", Cause::RedisReplica, 5),
    fault("redis-restarted", Cause::Restarted(&[REDIS]), 0),
    fault("elasticsearch-killed", Cause::Killed(&[ELASTICSEARCH]), 3),
    fault("elasticsearch-frozen", Cause::Frozen(ELASTICSEARCH), 10),
    fault("elasticsearch-read-only", Cause::ElasticsearchReadOnly, 8),
    fault("elasticsearch-restarted", Cause::Restarted(&[ELASTICSEARCH]), 0),
    fault("auth-server-1-killed", Cause::Killed(&[Part::Auth(0)]), 5),
    fault("auth-server-2-killed", Cause::Killed(&[Part::Auth(1)]), 5),
    fault("auth-servers-killed", Cause::Killed(&[Part::Auth(0), Part::Auth(1)]), 5),
    fault("auth-server-2-frozen", Cause::Frozen(Part::Auth(1)), 8),
    fault("auth-servers-replaced", Cause::Restarted(&[Part::Auth(0), Part::Auth(1)]), 0),
    fault("movie-api-killed", Cause::Killed(&[Part::Movie]), 3),
    fault("movie-api-restarted", Cause::Restarted(&[Part::Movie]), 0),
    fault("etl-labeler-killed", Cause::Killed(&[Part::Labeler]), 5),
    fault("etl-labeler-restarted", Cause::Restarted(&[Part::Labeler]), 0),
    fault("everything-killed", Cause::Killed(EVERYTHING), 0),
];

const fn fault(name: &'static str, cause: Cause, seconds: u64) -> Fault {
    Fault { name, cause, seconds }
}

impl Fault {
    /// How long it lasts.
    pub(crate) const fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Whether it keeps one auth-server from learning what was written at the other.
    pub(crate) fn stops_following(&self) -> bool {
        let is_between = |part: &Part| matches!(part, Part::Store(Store::Postgres));
        match &self.cause {
            Cause::Killed(parts) | Cause::Restarted(parts) => parts.iter().any(is_between),
            Cause::Frozen(part) => matches!(part, Part::Store(Store::Postgres) | Part::Auth(_)),
            Cause::PostgresReadOnly | Cause::PostgresFailover => true,
            Cause::RedisFull | Cause::RedisReplica | Cause::ElasticsearchReadOnly => false,
        }
    }

    /// Begins. A restart is over when this returns.
    pub(crate) async fn inject(&self, site: &mut Site, load: &Load) -> anyhow::Result<()> {
        match &self.cause {
            Cause::Killed(parts) => {
                for part in *parts {
                    site.kill(*part).await?;
                }
                Ok(())
            }
            Cause::Frozen(part) => site.signal(*part, "STOP").await,
            Cause::Restarted(parts) => {
                for part in *parts {
                    replace(site, load, *part).await?;
                }
                Ok(())
            }
            Cause::PostgresReadOnly => set_read_only(site, "on").await,
            Cause::PostgresFailover => {
                site.stop(POSTGRES).await?;
                site.stores.make_standby().await?;
                site.start(POSTGRES).await
            }
            Cause::RedisFull => site.stores.redis(&["CONFIG", "SET", "maxmemory", "1"]).await,
            Cause::RedisReplica => site.stores.redis(&["REPLICAOF", "127.0.0.1", "1"]).await,
            Cause::ElasticsearchReadOnly => block_writes(site, load, &json!(true)).await,
        }
    }

    /// Ends. Stores answer when this returns, programs were started.
    pub(crate) async fn heal(&self, site: &mut Site, load: &Load) -> anyhow::Result<()> {
        match &self.cause {
            Cause::Killed(parts) => {
                for part in *parts {
                    site.start(*part).await?;
                }
                Ok(())
            }
            Cause::Frozen(part) => site.signal(*part, "CONT").await,
            Cause::Restarted(_) => Ok(()),
            Cause::PostgresReadOnly => set_read_only(site, "off").await,
            Cause::PostgresFailover => site.stores.sql("SELECT pg_promote()").await.map(drop),
            Cause::RedisFull => site.stores.redis(&["CONFIG", "SET", "maxmemory", "0"]).await,
            Cause::RedisReplica => site.stores.redis(&["REPLICAOF", "NO", "ONE"]).await,
            Cause::ElasticsearchReadOnly => block_writes(site, load, &Value::Null).await,
        }
    }
}

/// Stops a part and starts it. The next one is not stopped before this one is ready.
async fn replace(site: &mut Site, load: &Load, part: Part) -> anyhow::Result<()> {
    site.stop(part).await?;
    site.start(part).await?;
    match part {
        Part::Store(_) => Ok(()),
        Part::Auth(number) => until_ready(load, At::Auth(number), REPLACEMENT).await,
        Part::Movie => until_ready(load, At::Movie, REPLACEMENT).await,
        Part::Labeler => until_ready(load, At::Labeler, REPLACEMENT).await,
    }
}

async fn set_read_only(site: &Site, value: &str) -> anyhow::Result<()> {
    let set = format!(
        "SET default_transaction_read_only = off;
         ALTER SYSTEM SET default_transaction_read_only = {value};
         SELECT pg_reload_conf();"
    );
    site.stores.sql(&set).await.map(drop)
}

async fn block_writes(site: &Site, load: &Load, value: &Value) -> anyhow::Result<()> {
    let block = json!({ "index.blocks.read_only_allow_delete": value });
    site.stores.search(Method::PUT, &format!("{}/_settings", load.index), &block).await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), FAULTS.len());
    }
}
