//! How many films callers gain and lose, asked of Elasticsearch.

use std::collections::HashMap;

use poem_openapi::Object;
use policies::Filter;
use serde::Serialize;

use crate::films::{FilmRef, Films, FilmsError};

/// Maximum number of films that are named.
const MAX_SAMPLES: usize = 5;

/// What changes among the films in Elasticsearch.
#[derive(Clone, Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct FilmChanges {
    /// Number of films before.
    pub(crate) before: u64,
    /// Number of films after.
    pub(crate) after: u64,
    /// Number of films that are gained.
    pub(crate) gained: u64,
    /// Number of films that are lost.
    pub(crate) lost: u64,
    /// Some of the films that are gained, by id.
    pub(crate) gained_samples: Vec<FilmSample>,
    /// Some of the films that are lost, by id.
    pub(crate) lost_samples: Vec<FilmSample>,
}

/// A film.
#[derive(Clone, Debug, Default, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct FilmSample {
    /// Id.
    pub(crate) id: String,
    /// Title; empty if it has none.
    pub(crate) title: String,
}

impl From<FilmRef> for FilmSample {
    fn from(FilmRef { id, title }: FilmRef) -> Self {
        Self { id, title }
    }
}

/// Asks Elasticsearch once for callers with the same filters.
pub(super) struct FilmCounts<'a> {
    films: &'a Films,
    known: HashMap<String, FilmChanges>,
}

impl<'a> FilmCounts<'a> {
    pub(super) fn of(films: &'a Films) -> Self {
        Self { films, known: HashMap::new() }
    }

    pub(super) async fn changes(
        &mut self,
        (before, after): &(Filter, Filter),
    ) -> Result<FilmChanges, FilmsError> {
        let key = format!("{}\n{}", before.query, after.query);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let (gained, gained_samples) = self.sampled(after, before).await?;
        let (lost, lost_samples) = self.sampled(before, after).await?;
        let changes = FilmChanges {
            before: self.films.count(&before.query).await?,
            after: self.films.count(&after.query).await?,
            gained,
            lost,
            gained_samples,
            lost_samples,
        };
        self.known.insert(key, changes.clone());
        Ok(changes)
    }

    /// The films that one filter matches and the other does not: their number, and some of them.
    async fn sampled(
        &self,
        one: &Filter,
        other: &Filter,
    ) -> Result<(u64, Vec<FilmSample>), FilmsError> {
        if one == other {
            return Ok((0, Vec::new()));
        }
        let query = one.without(other);
        let number = self.films.count(&query).await?;
        if number == 0 {
            return Ok((0, Vec::new()));
        }
        let samples = self.films.page(&query, None, MAX_SAMPLES).await?;
        Ok((number, samples.into_iter().map(FilmSample::from).collect()))
    }
}
