//! Whether access rules can be applied to the films: a search and a check must read them alike.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use elasticsearch::indices::IndicesGetParts;
use policies::mapping::problems_by_index;
use serde_json::{Map, Value};
use service::problem::Spec;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::client::{Catalogue, CatalogueError, read};

/// Films are not searched in an index with such a mapping, as more could be shown than rules allow.
pub(crate) const CATALOGUE_UNUSABLE: Spec = Spec::new(
    503,
    "catalogue_unusable",
    "Access rules cannot be applied to the index of films with its current mapping.",
);

/// How often the mapping is read.
const INTERVAL: Duration = Duration::from_secs(2);
/// For how long a mapping that was read counts as the current one.
const MAX_AGE: Duration = Duration::from_secs(5);

/// What was found when the mapping was last read.
#[derive(Default)]
pub(super) struct LastCheck(ArcSwapOption<Checked>);

struct Checked {
    at: Instant,
    problems: Vec<String>,
}

impl Checked {
    fn outcome(&self) -> Result<(), CatalogueError> {
        if self.problems.is_empty() { Ok(()) } else { Err(CatalogueError::Unusable) }
    }
}

impl LastCheck {
    /// Keeps what was found, and logs it if it differs from before.
    fn replace(&self, checked: Checked) {
        let checked = Arc::new(checked);
        let before = self.0.swap(Some(Arc::clone(&checked)));
        if before.is_some_and(|before| before.problems == checked.problems) {
            return;
        }
        if checked.problems.is_empty() {
            tracing::info!("the mapping of the index of films is usable");
        } else {
            let problems = checked.problems.join("; ");
            tracing::error!(problems, "no film is shown: unusable mapping");
        }
    }
}

impl Catalogue {
    /// Succeeds if rules can be applied to every index behind the name, as of at most five seconds ago.
    ///
    /// # Errors
    /// [`CatalogueError::Unusable`], or the mapping cannot be read.
    pub(crate) async fn ensure_usable(&self) -> Result<(), CatalogueError> {
        match self.last_check.0.load_full() {
            Some(checked) if checked.at.elapsed() < MAX_AGE => checked.outcome(),
            _ => self.check_mapping().await,
        }
    }

    /// Reads the mapping of every index behind the name.
    ///
    /// # Errors
    /// As [`Catalogue::ensure_usable`].
    pub(crate) async fn check_mapping(&self) -> Result<(), CatalogueError> {
        let at = Instant::now();
        let (indices, name) = (self.client.indices(), [self.index.as_str()]);
        let get = indices.get(IndicesGetParts::Index(&name)).flat_settings(true);
        let response = get.request_timeout(self.timeout).send().await?;
        let indices: Map<String, Value> = read(response).await?;
        let checked = Checked { at, problems: problems_by_index(&indices) };
        let outcome = checked.outcome();
        self.last_check.replace(checked);
        outcome
    }

    /// Reads the mapping again and again until stopped.
    pub(crate) async fn keep_checking(&self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error @ (CatalogueError::Unavailable(_) | CatalogueError::Refused(_))) =
                self.check_mapping().await
            {
                tracing::debug!(%error, "the mapping of the index of films cannot be read");
            }
        }
    }
}
