//! How many tries at one login are made at a time.
//!
//! A try is counted when it has failed, so many at once could all be made before the first is
//! counted. Refusing them would refuse valid ones: they wait for each other instead.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::counter::Key;
use crate::http::problem::Problem;
use crate::password;

/// Logins that share a place wait for each other; nothing else comes of it.
const PLACES: usize = 256;

pub(crate) struct Gate {
    places: Vec<Semaphore>,
    /// Bounds all that wait, and with that what a flood costs.
    inside: Semaphore,
}

/// Held while a try is made.
pub(crate) struct Permit<'a> {
    _place: Option<SemaphorePermit<'a>>,
    _inside: SemaphorePermit<'a>,
}

impl Gate {
    /// Lets `at_once` tries at one login through at a time, and has room for `most` in all.
    pub(crate) fn new(at_once: usize, most: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        let places = (0..PLACES).map(|_| Semaphore::new(at_once)).collect();
        Self { places, inside: Semaphore::new(most) }
    }

    pub(crate) async fn enter(&self, key: &Key) -> Result<Permit<'_>, Problem> {
        let inside = self.inside.try_acquire().map_err(|_| password::busy())?;
        let place = self.places.get(usize::from(key.first().copied().unwrap_or_default()));
        // Nobody closes a semaphore here.
        let place = match place {
            Some(place) => place.acquire().await.ok(),
            None => None,
        };
        Ok(Permit { _place: place, _inside: inside })
    }
}
