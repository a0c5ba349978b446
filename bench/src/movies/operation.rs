//! What is measured, and the searches that the baseline sends instead.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::recorder::Recorder;
use super::site::{Site, Viewer};
use crate::process::Server;

/// Pages, films and words that are requested by turns.
const VARIANTS: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// All films that the viewer may read; beside reading as many from a point in time.
    List,
    /// A page of 12.
    Page,
    /// A page of the films in whose text a word occurs.
    Search,
    /// A film by its id; beside the same search, filter included.
    Film,
    /// The same while auth-server is unavailable and guests get the kept filter.
    KeptFilter,
}

impl Operation {
    /// In this order, since auth-server is stopped for the last.
    pub(super) const ALL: [Self; 5] =
        [Self::List, Self::Page, Self::Search, Self::Film, Self::KeptFilter];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Page => "page",
            Self::Search => "search",
            Self::Film => "film",
            Self::KeptFilter => "film_with_kept_filter",
        }
    }

    /// The least speed beside the baseline.
    pub(super) fn target(self) -> f64 {
        if self == Self::Film { 0.5 } else { 0.9 }
    }

    /// Whether this viewer is measured.
    pub(super) fn is_for(self, viewer: Viewer) -> bool {
        self != Self::KeptFilter || viewer == Viewer::Guest
    }

    async fn paths(self, site: &Site, viewer: Viewer) -> anyhow::Result<Vec<String>> {
        Ok(match self {
            Self::List => vec!["/movies/".into()],
            Self::Page => (1..=VARIANTS).map(|page| format!("/movies/?page={page}")).collect(),
            Self::Search => {
                let words = crate::films::WORDS.iter().take(VARIANTS);
                words.map(|word| format!("/movies/?page=1&query={word}")).collect()
            }
            Self::Film | Self::KeptFilter => {
                let page = site.get(&site.movie, "/movies/?page=1", viewer).await?;
                let page: Value = serde_json::from_slice(&page)?;
                let films = page.get("items").and_then(Value::as_array).context("no films")?;
                let ids = films.iter().filter_map(|film| film.get("id")?.as_str());
                ids.map(|id| format!("/movies/{id}")).collect()
            }
        })
    }
}

/// A request to movie-api, and the search that the baseline sends instead.
pub(super) struct Variant {
    pub(super) path: String,
    pub(super) search: Value,
}

/// The requests of an operation. The searches are those that `movie` sends through the recorder, without
/// the viewer's filter where a list is measured.
pub(super) async fn variants(
    operation: Operation,
    viewer: Viewer,
    site: &Site,
    (movie, recorder): (&Server, &Recorder),
) -> anyhow::Result<Vec<Variant>> {
    let filter = site.filter(viewer).await?;
    let mut variants = Vec::new();
    for path in operation.paths(site, viewer).await? {
        recorder.take();
        site.get(movie, &path, viewer).await?;
        let search = recorder.take().into_iter().next_back();
        let mut search = search.with_context(|| format!("no search for {path}"))?;
        if !matches!(operation, Operation::Film | Operation::KeptFilter) {
            remove(&filter, &mut search)?;
        }
        variants.push(Variant { path, search });
    }
    ensure!(!variants.is_empty(), "nothing is requested");
    Ok(variants)
}

/// Removes the viewer's filter from the clauses of a list's search.
fn remove(filter: &Value, search: &mut Value) -> anyhow::Result<()> {
    let clauses = search.pointer_mut("/query/bool/filter").and_then(Value::as_array_mut);
    let clauses = clauses.context("a search without a filter")?;
    let before = clauses.len();
    clauses.retain(|clause| clause != filter);
    if clauses.len() + 1 != before {
        bail!("the search does not have the viewer's filter: {search}");
    }
    Ok(())
}
