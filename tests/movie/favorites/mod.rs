//! `/favorites/movies`

mod add_and_remove;
mod contract;
mod deletions;
mod list;
mod unavailable;

use std::ops::Deref;

use reqwest::{Client, Method};
use serde_json::Value;
use tests::Answer;
use tests::program::MOVIE_API;

use crate::site::{Running, Site, get, send};

/// Maximum number of favorites of a user.
const LIMIT: usize = 10_000;

/// A site whose movie-api keeps favorites, in the database of auth-server.
pub(crate) struct FavoriteSite {
    site: Site,
    pub(crate) movie: Running,
    client: (String, String),
}

impl Deref for FavoriteSite {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl FavoriteSite {
    pub(crate) async fn open() -> Self {
        let site = Site::open().await;
        let client = site.service_client(&["filter", "evaluate", "users:deleted"]);
        migrate(&site.database.url);
        let movie = with_favorites(&site, &client, &[]);
        Self { site, movie, client }
    }

    /// Another movie-api for the same films, with these settings instead.
    fn another(&self, settings: &[(&str, &str)]) -> Running {
        with_favorites(&self.site, &self.client, settings)
    }

    async fn call(&self, method: Method, id: &str, token: Option<&str>) -> Answer {
        call(&self.movie, method, id, token).await
    }

    async fn list(&self, query: &str, token: &str) -> Value {
        get(&self.movie.url, &format!("/favorites/movies{query}"), Some(token)).await.ok()
    }

    /// The id of the user with this token.
    async fn id(&self, token: &str) -> String {
        self.caller(Some(token)).get("me").await.string("id")
    }

    async fn favorites_of(&self, user: &str) -> i64 {
        let count = format!("SELECT count(*) FROM movie.favorites WHERE user_id = '{user}'");
        self.database.count(&count).await
    }

    /// Adds favorites whose films do not exist.
    async fn fill(&self, user: &str, count: usize) {
        let insert = format!(
            "INSERT INTO movie.favorites SELECT '{user}', 'gone-' || n, now()
             FROM generate_series(1, {count}) n"
        );
        self.database.execute(&insert).await;
    }
}

fn with_favorites(site: &Site, (id, secret): &(String, String), more: &[(&str, &str)]) -> Running {
    let mut settings = vec![
        ("MOVIE_DATABASE_URL", site.database.url.as_str()),
        ("MOVIE_CLIENT_ID", id),
        ("MOVIE_CLIENT_SECRET", secret),
    ];
    settings.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    settings.extend(more);
    site.another(&settings)
}

fn migrate(database_url: &str) -> String {
    let ran = MOVIE_API.run(&["migrate"], &[("MOVIE_DATABASE_URL", database_url)], "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    ran.stdout
}

async fn call(movie: &Running, method: Method, id: &str, token: Option<&str>) -> Answer {
    let url = format!("{}/favorites/movies/{id}", movie.url);
    send(Client::new().request(method, url), token).await
}

fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|film| film["id"].as_str().unwrap()).collect()
}
