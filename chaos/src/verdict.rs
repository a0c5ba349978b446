//! Whether what the site answers agrees with what it acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::http::{Reply, Written};
use crate::ledger::{Fact, FilmWrite, Forbidden, RuleWrite};
use crate::recorder::{Category, Finding};

/// Within this time an ended session and a write of the policy are in force on all servers.
const EVERYWHERE: Duration = Duration::from_secs(1);

/// While PostgreSQL is unreachable, Redis alone vouches for so much longer that no session has ended.
const REDIS_ALONE: Duration = Duration::from_secs(5);

/// A server that says that it is ready has looked for policy writes within this time.
const FOLLOWING: Duration = Duration::from_secs(5);

/// What an answer about something forbidden says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is forbidden, or the request was refused, or the server need not know yet.
    Right,
    /// It is allowed, by a server that a fault keeps from following: right unless the server says that it
    /// is ready.
    RightUnlessReady,
    WronglyAllowed,
}

/// Judges whether a server may still have allowed what is forbidden.
pub(crate) fn of_fact(fact: &Fact, reply: &Reply, following_since: Option<Instant>) -> Judgement {
    if reply.is_refusal() || is_denied(&fact.what, reply) {
        return Judgement::Right;
    }
    if fact.by.is_some() && fact.by == reply.server && reply.sent >= fact.at {
        return Judgement::WronglyAllowed;
    }
    let late_by = |bound: Duration| reply.sent >= fact.at + bound;
    match (following_since, &fact.what) {
        (Some(since), _) => wrong_if(late_by(EVERYWHERE) && reply.sent >= since + EVERYWHERE),
        (None, Forbidden::Token(_)) => wrong_if(late_by(EVERYWHERE + REDIS_ALONE)),
        (None, Forbidden::Film(_) | Forbidden::NewFilms(_)) => {
            let is_late = late_by(EVERYWHERE + FOLLOWING);
            if is_late { Judgement::RightUnlessReady } else { Judgement::Right }
        }
    }
}

fn wrong_if(is_wrong: bool) -> Judgement {
    if is_wrong { Judgement::WronglyAllowed } else { Judgement::Right }
}

fn is_denied(what: &Forbidden, reply: &Reply) -> bool {
    match what {
        Forbidden::Token(_) => reply.status == 401,
        // Its token may have expired.
        Forbidden::NewFilms(_) => reply.status == 401 || reply.allowed() == Some(false),
        Forbidden::Film(_) => reply.allowed() == Some(false),
    }
}

/// Compares a decision with the right one.
pub(crate) fn of_decision(question: &str, expected: bool, reply: &Reply) -> Option<Finding> {
    if reply.is_refusal() {
        return None;
    }
    let (category, text) = match reply.allowed() {
        Some(allowed) if allowed == expected => return None,
        Some(true) => (Category::WronglyAllowed, "allowed"),
        Some(false) => (Category::Lost, "denied"),
        None if reply.status == 401 => (Category::Lost, "the session is unknown"),
        None => (Category::Unexpected, "no decision"),
    };
    let server = reply.server.map_or(String::new(), |server| format!(" at server {}", server + 1));
    Some(Finding { category, text: format!("{question}: {text} ({}){server}", reply.summary()) })
}

/// Compares the rules that were written with those that there are.
pub(crate) fn of_rules(writes: &[RuleWrite], found: &[String]) -> Vec<Finding> {
    let finding = |write: &RuleWrite| {
        let count = found.iter().filter(|film| **film == write.film).count();
        let category = match (write.written, count) {
            (Written::Acknowledged, 0) => Category::Lost,
            (Written::Refused, 1) => Category::RefusedButDone,
            (_, 2..) => Category::DoneTwice,
            _ => return None,
        };
        Some(Finding { category, text: format!("the rule for {} ({})", write.film, write.answer) })
    };
    writes.iter().filter_map(finding).collect()
}

/// Compares the favorites that were added and removed with those that are listed.
pub(crate) fn of_favorites(
    known: &BTreeMap<String, Option<bool>>,
    listed: &BTreeSet<String>,
) -> Vec<Finding> {
    let differs = |(film, state): (&String, &Option<bool>)| {
        let state = (*state)?;
        let text = match (state, listed.contains(film)) {
            (true, false) => format!("the favorite {film}"),
            (false, true) => format!("the removal of the favorite {film}"),
            _ => return None,
        };
        Some(Finding { category: Category::Lost, text })
    };
    known.iter().filter_map(differs).collect()
}

/// Compares when a film was labelled with when a guest saw it.
pub(crate) fn of_film(id: &str, film: &FilmWrite, labelled_at: DateTime<Utc>) -> Option<Finding> {
    let seen = film.seen?;
    // Labels say whole seconds.
    (seen.timestamp() < labelled_at.timestamp()).then(|| Finding {
        category: Category::WronglyAllowed,
        text: format!("{id} was shown to a guest at {seen}, and labelled at {labelled_at}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reply(status: u16, body: Value, sent: Instant) -> Reply {
        Reply { status, body, server: Some(1), sent, done: sent }
    }

    fn rule(film: &str, written: Written) -> RuleWrite {
        RuleWrite { film: film.into(), written, answer: String::new() }
    }

    #[test]
    fn an_acknowledged_rule_that_is_missing_is_lost() {
        let writes = [
            rule("kept", Written::Acknowledged),
            rule("gone", Written::Acknowledged),
            rule("refused", Written::Refused),
            rule("either", Written::Unknown),
        ];
        let categories = |found: &[&str]| -> Vec<Category> {
            let found: Vec<String> = found.iter().map(|name| (*name).to_owned()).collect();
            of_rules(&writes, &found).into_iter().map(|finding| finding.category).collect()
        };
        assert_eq!(categories(&["kept", "gone", "either"]), []);
        assert_eq!(categories(&["kept"]), [Category::Lost]);
        assert_eq!(categories(&["kept", "gone", "refused"]), [Category::RefusedButDone]);
        assert_eq!(categories(&["kept", "gone", "either", "either"]), [Category::DoneTwice]);
    }

    #[test]
    fn a_favorite_that_is_missing_or_came_back_is_lost() {
        let known = [("added", Some(true)), ("removed", Some(false)), ("unknown", None)];
        let known = known.map(|(film, state)| (film.to_owned(), state)).into();
        let listed = |films: &[&str]| films.iter().map(|film| (*film).to_owned()).collect();
        assert_eq!(of_favorites(&known, &listed(&["added", "unknown"])), []);
        assert_eq!(of_favorites(&known, &listed(&[])).len(), 1);
        assert_eq!(of_favorites(&known, &listed(&["added", "removed"])).len(), 1);
    }

    #[test]
    fn an_ended_session_is_refused_at_once_here_and_within_a_second_elsewhere() {
        let at = Instant::now();
        let fact = Fact { what: Forbidden::Token(String::new()), at, by: Some(0) };
        let judge = |server, ms, following| {
            let sent = at + Duration::from_millis(ms);
            let allowed = reply(200, json!({ "allowed": true }), sent);
            of_fact(&fact, &Reply { server: Some(server), ..allowed }, following)
        };
        assert_eq!(judge(0, 0, Some(at)), Judgement::WronglyAllowed);
        assert_eq!(judge(1, 900, Some(at)), Judgement::Right);
        assert_eq!(judge(1, 1_100, Some(at)), Judgement::WronglyAllowed);
        assert_eq!(judge(1, 1_100, None), Judgement::Right);
        assert_eq!(judge(1, 6_100, None), Judgement::WronglyAllowed);
        let refused = reply(401, json!({ "code": "token_revoked" }), at);
        assert_eq!(of_fact(&fact, &refused, Some(at)), Judgement::Right);
        let unavailable = reply(503, json!({ "code": "revocation_unknown" }), at);
        assert_eq!(of_fact(&fact, &unavailable, Some(at)), Judgement::Right);
    }

    #[test]
    fn a_server_that_cannot_follow_may_decide_by_an_old_policy_unless_it_says_that_it_is_ready() {
        let at = Instant::now();
        let fact = Fact { what: Forbidden::Film(String::new()), at, by: Some(0) };
        let allowed = |ms| reply(200, json!({ "allowed": true }), at + Duration::from_millis(ms));
        let judge = |ms, following| of_fact(&fact, &allowed(ms), following);
        assert_eq!(judge(5_000, None), Judgement::Right);
        assert_eq!(judge(6_000, None), Judgement::RightUnlessReady);
        let healed = Some(at + Duration::from_secs(7));
        assert_eq!(judge(7_500, healed), Judgement::Right);
        assert_eq!(judge(8_000, healed), Judgement::WronglyAllowed);
    }

    #[test]
    fn a_decision_that_differs_is_wrongly_allowed_or_lost() {
        let now = Instant::now();
        let category = |expected, status, body| {
            of_decision("", expected, &reply(status, body, now)).map(|finding| finding.category)
        };
        assert_eq!(category(true, 200, json!({ "allowed": true })), None);
        assert_eq!(category(false, 503, json!({ "code": "revocation_unknown" })), None);
        let allowed = json!({ "allowed": true });
        assert_eq!(category(false, 200, allowed), Some(Category::WronglyAllowed));
        assert_eq!(category(true, 200, json!({ "allowed": false })), Some(Category::Lost));
        assert_eq!(category(true, 401, json!({})), Some(Category::Lost));
        assert_eq!(category(true, 404, json!({})), Some(Category::Unexpected));
    }

    #[test]
    fn a_film_must_not_be_shown_before_it_is_labelled() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let at = time("2026-01-01T00:00:00Z");
        let film = FilmWrite { at, seen: Some(time("2026-01-01T00:00:05.5Z")) };
        assert_eq!(of_film("f", &film, time("2026-01-01T00:00:05Z")), None);
        assert!(of_film("f", &film, time("2026-01-01T00:00:06Z")).is_some());
        assert_eq!(of_film("f", &FilmWrite { at, seen: None }, at), None);
    }
}
