//! Asks auth-servers and movie-api again and again about what is forbidden.

use std::sync::Arc;
use std::time::Duration;

use super::{CHECK, Load, film};
use crate::http::{At, Reply};
use crate::ledger::{Fact, Forbidden};
use crate::recorder::{Category, Lane};
use crate::verdict::{self, Judgement};

const PACE: Duration = Duration::from_millis(50);

/// The facts that are asked about: of about the last ten seconds.
const RECENT: usize = 30;

/// Every other request asks about one of the newest.
const NEWEST: usize = 3;

/// Asks about the recent facts in turn.
pub(super) async fn run(load: Arc<Load>, lane: Lane, at: At) {
    for round in 0_usize.. {
        tokio::time::sleep(PACE).await;
        let turn = round / 2 % if round.is_multiple_of(2) { NEWEST } else { RECENT };
        let fact = load.ledger.book().facts.iter().rev().nth(turn).cloned();
        let Some(fact) = fact else { continue };
        if at == At::Movie && !matches!(fact.what, Forbidden::Token(_)) {
            continue;
        }
        let reply = load.ask(&fact, at).await;
        load.recorder.note(lane, &reply);
    }
}

impl Load {
    /// Asks a server about something forbidden, and judges its answer.
    pub(crate) async fn ask(&self, fact: &Fact, at: At) -> Reply {
        let (reply, judgement) = self.question(fact, at).await;
        let is_wrong = match judgement {
            Judgement::Right => false,
            Judgement::RightUnlessReady => self.is_ready_and_behind(fact, at).await,
            Judgement::WronglyAllowed => true,
        };
        if is_wrong {
            let late = reply.sent.saturating_duration_since(fact.at).as_secs_f64();
            let by = fact.by.map_or("a server".to_owned(), |by| format!("server {}", by + 1));
            let what = fact.what.text();
            let text = format!("{at:?} allowed {what}, {late:.1} s after {by} answered");
            self.recorder.find(Category::WronglyAllowed, text);
        }
        reply
    }

    async fn question(&self, fact: &Fact, at: At) -> (Reply, Judgement) {
        let following_since = self.ledger.book().following_since;
        let (token, question) = match &fact.what {
            Forbidden::Token(token) => (Some(token.as_str()), film("old-01", &[])),
            Forbidden::NewFilms(token) => (Some(token.as_str()), film("new-01", &["new"])),
            Forbidden::Film(id) => (None, film(id, &[])),
        };
        let reply = match at {
            At::Movie => self.http.get(at, "/movies/old-01", token).await,
            _ => self.http.post(at, CHECK, token, question).await,
        };
        let judgement = verdict::of_fact(fact, &reply, following_since);
        (reply, judgement)
    }

    /// Asks again after the server said that it is ready, as it may have caught up in between.
    async fn is_ready_and_behind(&self, fact: &Fact, at: At) -> bool {
        self.http.get(at, "/health/ready", None).await.is_success()
            && self.question(fact, at).await.1 != Judgement::Right
    }
}
