//! Both sides of a comparison: movie-api, and the bare searches.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::operation::{Operation, Variant};
use super::site::{Site, Viewer};

/// The requests of one operation by one viewer.
pub(super) struct Comparison<'a> {
    pub(super) site: &'a Site,
    pub(super) operation: Operation,
    pub(super) viewer: Viewer,
    pub(super) variants: &'a [Variant],
}

impl Comparison<'_> {
    /// Milliseconds per request of movie-api, or for a whole list.
    pub(super) async fn movie_api(&self, time: Duration) -> anyhow::Result<f64> {
        self.repeat(time, async |variant| {
            self.site.get(&self.site.movie, &variant.path, self.viewer).await.map(drop)
        })
        .await
    }

    /// The same of the bare searches, for lists of `films` films.
    pub(super) async fn bare(&self, time: Duration, films: usize) -> anyhow::Result<f64> {
        let search = format!("{}/_search", self.site.index);
        self.repeat(time, async |variant| match self.operation {
            Operation::List => self.read(variant, films).await,
            _ => self.site.send(Method::POST, &search, &variant.search).await.map(drop),
        })
        .await
    }

    /// How many films the viewer's list has.
    pub(super) async fn films(&self) -> anyhow::Result<usize> {
        #[derive(Deserialize)]
        struct List {
            total: usize,
        }
        let variant = self.variants.first().context("no list")?;
        let list = self.site.get(&self.site.movie, &variant.path, self.viewer).await?;
        Ok(serde_json::from_slice::<List>(&list)?.total)
    }

    async fn repeat(
        &self,
        time: Duration,
        request: impl AsyncFn(&Variant) -> anyhow::Result<()>,
    ) -> anyhow::Result<f64> {
        let (begin, mut requests) = (Instant::now(), 0_u32);
        for variant in self.variants.iter().cycle() {
            request(variant).await?;
            requests += 1;
            if begin.elapsed() >= time {
                break;
            }
        }
        Ok(begin.elapsed().as_secs_f64() * 1_000.0 / f64::from(requests))
    }

    /// Reads as many films from a point in time, with the batches that movie-api asks for.
    async fn read(&self, variant: &Variant, films: usize) -> anyhow::Result<()> {
        let site = self.site;
        let open = format!("{}/_pit?keep_alive=1m", site.index);
        let pit: Value =
            serde_json::from_slice(&site.send(Method::POST, &open, &Value::Null).await?)?;
        let pit = pit.get("id").context("no point in time")?;
        let mut search = variant.search.clone();
        let parts = search.as_object_mut().context("no search")?;
        parts.insert("pit".into(), json!({ "id": pit, "keep_alive": "1m" }));
        parts.remove("search_after");
        let mut read = 0;
        while read < films {
            let page = site.send(Method::POST, "_search", &search).await?;
            let page: Value = serde_json::from_slice(&page)?;
            let hits = page.pointer("/hits/hits").and_then(Value::as_array).context("no hits")?;
            let last = hits.last().and_then(|hit| hit.get("sort")).cloned();
            ensure!(last.is_some(), "the index has fewer films than the list");
            read += hits.len();
            if let (Some(last), Some(parts)) = (last, search.as_object_mut()) {
                parts.remove("from");
                parts.insert("search_after".into(), last);
            }
        }
        site.send(Method::DELETE, "_pit", &json!({ "id": pit })).await.map(drop)
    }
}
