//! Databases, and the settings of the programs.

use std::fmt::Write;

use anyhow::Context;
use uuid::Uuid;

use crate::stores::Stores;

/// Name of the index of films.
pub(super) const INDEX: &str = "films";

/// What the programs share.
pub(super) struct Settings {
    auth_database: String,
    movie_database: String,
    labeler_database: String,
    redis: String,
    elasticsearch: String,
    secret: String,
}

impl Settings {
    /// Creates a database for each program, all of one role without further rights.
    pub(super) async fn prepare(stores: &Stores) -> anyhow::Result<Self> {
        let password = Uuid::new_v4().simple().to_string();
        let mut sql = format!("CREATE ROLE site LOGIN PASSWORD '{password}';\n");
        for name in ["site_auth", "site_movie", "site_labeler"] {
            let _ = writeln!(sql, "CREATE DATABASE {name} OWNER site;");
        }
        stores.sql(&sql).await?;
        let database = |name| format!("postgres://site:{password}@{}/{name}", stores.postgres);
        Ok(Self {
            auth_database: database("site_auth"),
            movie_database: database("site_movie"),
            labeler_database: database("site_labeler"),
            redis: stores.redis.clone(),
            elasticsearch: stores.elasticsearch.clone(),
            // 32 bytes in hex.
            secret: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
        })
    }

    pub(super) fn auth_server<'a>(&'a self, listen: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("DATABASE_URL", &self.auth_database),
            ("REDIS_URL", &self.redis),
            ("AUTH_SECRET", &self.secret),
            ("AUTH_LISTEN", listen),
            ("AUTH_OPS_LISTEN", ""),
            // The load balancer, and the clients, each of whose requests names a network of its own.
            ("AUTH_TRUSTED_PROXIES", "127.0.0.1"),
            ("AUTH_DRAIN_DELAY_SECONDS", "2"),
        ]
    }

    /// `client`: what `auth-server client create` printed.
    pub(super) fn movie_api(
        &self,
        listen: &str,
        auth_url: &str,
        client: &str,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let field = |name| {
            let value = client.lines().find_map(|line| line.strip_prefix(name));
            value.map(ToOwned::to_owned).context("auth-server client create")
        };
        Ok(vec![
            ("MOVIE_LISTEN", listen.into()),
            ("MOVIE_OPS_LISTEN", String::new()),
            ("MOVIE_DATABASE_URL", self.movie_database.clone()),
            ("MOVIE_CLIENT_ID", field("client_id=")?),
            ("MOVIE_CLIENT_SECRET", field("client_secret=")?),
            ("MOVIE_DRAIN_DELAY_SECONDS", "2".into()),
            ("AUTH_URL", auth_url.into()),
            ("ELASTICSEARCH_URL", self.elasticsearch.clone()),
            ("FILMS_INDEX", INDEX.into()),
        ])
    }

    pub(super) fn labeler<'a>(&'a self, ops_listen: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("DATABASE_URL", &self.labeler_database),
            ("ELASTICSEARCH_URL", &self.elasticsearch),
            ("FILMS_INDEX", INDEX),
            ("ETL_OPS_LISTEN", ops_listen),
            ("ETL_SCHEDULE", "0/20 * * * * *"),
            ("ETL_CHANGES_SECONDS", "2"),
        ]
    }
}
