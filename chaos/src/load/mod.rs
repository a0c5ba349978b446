//! The load: clients that know the right answers, each a sequence of requests.

mod accounts;
mod catalogue;
mod decisions;
mod favorites;
mod films;
mod identities;
mod readiness;
mod rotation;
mod rules;
mod sessions;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{At, Http};
use crate::ledger::Ledger;
use crate::recorder::{Kind, Recorder};
pub(crate) use identities::{Identities, Identity, PASSWORD, credentials};

/// The servers that answer users.
const SERVERS: [(At, &str); 3] =
    [(At::Auth(0), "auth-server 1"), (At::Auth(1), "auth-server 2"), (At::Movie, "movie-api")];

/// What all clients share.
pub(crate) struct Load {
    pub(crate) http: Http,
    pub(crate) recorder: Recorder,
    pub(crate) ledger: Ledger,
    pub(crate) identities: Identities,
    /// Name of the index of films.
    pub(crate) index: String,
    /// Clients that write hardly wait between two requests.
    pub(crate) hurries: AtomicBool,
}

impl Load {
    /// Between two requests of a client that writes. While a fault begins it is short, so that writes are in
    /// progress at that moment.
    async fn pause(&self, pace: Duration) {
        let is_short = self.hurries.load(Ordering::Relaxed);
        tokio::time::sleep(if is_short { pace / 50 } else { pace }).await;
    }

    /// Starts every client. They end when the result is dropped.
    pub(crate) fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        let lane = |kind, name: &str| self.recorder.lane(kind, name);
        for identity in Identity::ALL {
            for (at, place) in
                [(At::Proxy, "the proxy"), (At::Auth(0), "server 1"), (At::Auth(1), "server 2")]
            {
                let kind = match (at, identity) {
                    (At::Proxy, Identity::Guest) => Kind::GuestChecks,
                    (At::Proxy, _) => Kind::UserChecks,
                    _ => Kind::OneServer,
                };
                let lane = lane(kind, &format!("checks by {identity:?} at {place}"));
                clients.spawn(decisions::run(Arc::clone(self), lane, at, identity));
            }
        }
        for identity in [Identity::Guest, Identity::Viewer, Identity::Member] {
            let is_guest = identity == Identity::Guest;
            let kind = if is_guest { Kind::GuestFilms } else { Kind::UserFilms };
            let lane = lane(kind, &format!("films for {identity:?}"));
            clients.spawn(films::run(Arc::clone(self), lane, identity));
        }
        for (at, name) in SERVERS {
            let lane = lane(Kind::OneServer, &format!("what is forbidden at {name}"));
            clients.spawn(watch::run(Arc::clone(self), lane, at));
        }
        for (at, name) in SERVERS.into_iter().chain([(At::Labeler, "etl-labeler")]) {
            let lane = lane(Kind::Readiness, &format!("readiness of {name}"));
            clients.spawn(readiness::run(Arc::clone(self), lane, at));
        }
        for login in rotation::LOGINS {
            let lane = lane(Kind::Refreshes, &format!("refreshes by {login}"));
            clients.spawn(rotation::run(Arc::clone(self), lane, login));
        }
        let (logins, logouts) = (lane(Kind::Logins, "logins"), lane(Kind::Logouts, "logouts"));
        clients.spawn(sessions::run(Arc::clone(self), logins, logouts));
        let (registrations, grants) =
            (lane(Kind::Registrations, "registrations"), lane(Kind::PolicyWrites, "grants"));
        clients.spawn(accounts::run(Arc::clone(self), registrations, grants));
        clients.spawn(rules::run(Arc::clone(self), lane(Kind::PolicyWrites, "rules")));
        clients.spawn(favorites::run(Arc::clone(self), lane(Kind::Favorites, "favorites")));
        clients.spawn(catalogue::run(Arc::clone(self)));
        clients.spawn(identities::keep_signed_in(Arc::clone(self)));
        clients
    }
}

/// Logins of all accounts that the load needs, besides the superuser.
pub(crate) fn logins() -> Vec<&'static str> {
    let users = [Identity::Viewer, Identity::Member].iter().filter_map(|user| user.login());
    users.chain(sessions::LOGINS).chain(rotation::LOGINS).collect()
}

/// A question about a film with these labels.
pub(crate) fn film(id: &str, labels: &[&str]) -> Value {
    json!({ "action": "read", "resource": { "type": "film", "id": id, "labels": labels } })
}

/// The path of decisions.
pub(crate) const CHECK: &str = "/api/v1/check";
