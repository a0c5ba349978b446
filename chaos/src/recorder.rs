//! Every request of the load, and how long requests of one kind were refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::http::Reply;

/// What a user of the site notices, and what else the run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    GuestChecks,
    UserChecks,
    Logins,
    Refreshes,
    Logouts,
    Registrations,
    PolicyWrites,
    GuestFilms,
    UserFilms,
    Favorites,
    /// At one auth-server instead of at the proxy: says whether it answers rightly, and is no kind of its
    /// own in the report.
    OneServer,
    /// `/health/ready` of each program.
    Readiness,
}

/// One client, whose requests follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lane {
    pub(crate) kind: Kind,
    number: usize,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    sent: Instant,
    done: Instant,
    refused: bool,
}

/// What is wrong with the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    /// What was acknowledged is no longer so.
    Lost,
    /// Something was allowed or shown that must not be.
    WronglyAllowed,
    /// A write that was refused took effect.
    RefusedButDone,
    /// A write that was repeated with its key took effect twice.
    DoneTwice,
    /// An answer that no fault explains.
    Unexpected,
    /// After the fault, requests are still refused.
    NotRecovered,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) category: Category,
    pub(crate) text: String,
}

#[derive(Default)]
struct Records {
    lanes: Vec<String>,
    events: BTreeMap<Lane, Vec<Event>>,
    /// How often requests were refused with this answer.
    refusals: BTreeMap<String, u32>,
    findings: Vec<Finding>,
    requests: usize,
}

/// Shared by all clients.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Records>);

impl Recorder {
    /// A new client.
    pub(crate) fn lane(&self, kind: Kind, name: &str) -> Lane {
        let mut records = self.records();
        records.lanes.push(name.to_owned());
        let lane = Lane { kind, number: records.lanes.len() - 1 };
        records.events.insert(lane, Vec::new());
        lane
    }

    /// Forgets the requests so far, between two faults.
    pub(crate) fn forget(&self) {
        self.records().events.values_mut().for_each(Vec::clear);
    }

    /// Counts an answer to a client.
    pub(crate) fn note(&self, lane: Lane, reply: &Reply) {
        if reply.code() == "internal" {
            self.find(Category::Unexpected, format!("{:?}: {}", lane.kind, reply.summary()));
        }
        let mut records = self.records();
        records.requests += 1;
        let refused = reply.is_refusal();
        if refused && lane.kind != Kind::Readiness {
            *records.refusals.entry(answer(reply)).or_default() += 1;
        }
        let event = Event { sent: reply.sent, done: reply.done, refused };
        records.events.entry(lane).or_default().push(event);
    }

    /// Something is wrong.
    pub(crate) fn find(&self, category: Category, text: impl Into<String>) {
        let finding = Finding { category, text: text.into() };
        let mut records = self.records();
        if !records.findings.contains(&finding) {
            eprintln!("chaos: {category:?}: {}", finding.text);
            records.findings.push(finding);
        }
    }

    /// The findings of a verdict, if there are any.
    pub(crate) fn add(&self, findings: impl IntoIterator<Item = Finding>) {
        for Finding { category, text } in findings {
            self.find(category, text);
        }
    }

    /// What was found since the last call.
    pub(crate) fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut self.records().findings)
    }

    /// How often requests were refused since the last call, by answer.
    pub(crate) fn take_refusals(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.records().refusals)
    }

    /// When the last client stopped being refused, if since `quiet_from` none was refused and every client was
    /// answered. Otherwise the names of the clients that are to be waited for.
    pub(crate) fn settled(
        &self,
        since: Instant,
        quiet_from: Instant,
    ) -> Result<Instant, Vec<String>> {
        let records = self.records();
        let mut waiting = Vec::new();
        let mut settled = since;
        for (lane, events) in &records.events {
            let recent = || events.iter().rev().take_while(|event| event.done >= quiet_from);
            let answered = recent().any(|event| !event.refused && event.sent >= since);
            if !answered || recent().any(|event| event.refused) {
                waiting.push(records.lanes.get(lane.number).cloned().unwrap_or_default());
            }
            if let Some(stretch) = stretches(events).into_iter().rfind(|it| it.end >= since) {
                settled = settled.max(stretch.end);
            }
        }
        if waiting.is_empty() { Ok(settled) } else { Err(waiting) }
    }

    /// The longest time for which a client of each kind was refused.
    pub(crate) fn longest_stretches(&self) -> BTreeMap<Kind, Duration> {
        let mut longest = BTreeMap::new();
        for (lane, events) in &self.records().events {
            let stretch = stretches(events).into_iter().map(|it| it.end - it.begin).max();
            let of_kind: &mut Duration = longest.entry(lane.kind).or_default();
            *of_kind = (*of_kind).max(stretch.unwrap_or_default());
        }
        longest
    }

    /// How many requests were sent so far.
    pub(crate) fn requests(&self) -> usize {
        self.records().requests
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without what differs between two timeouts.
fn answer(reply: &Reply) -> String {
    if reply.status == 0 { "no response".into() } else { reply.summary() }
}

/// A time in which every request of a client was refused: from the first of them until the first that was
/// answered.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    begin: Instant,
    end: Instant,
}

fn stretches(events: &[Event]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut begin = None;
    let mut last = None;
    for event in events {
        if event.refused {
            begin.get_or_insert(event.sent);
            last = Some(event.done);
        } else if let Some(begin) = begin.take() {
            stretches.push(Stretch { begin, end: event.done });
        }
    }
    if let (Some(begin), Some(end)) = (begin, last) {
        stretches.push(Stretch { begin, end });
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(start: Instant, all: &[(u64, u64, bool)]) -> Vec<Event> {
        let at = |ms| start + Duration::from_millis(ms);
        let event = |&(sent, done, refused)| Event { sent: at(sent), done: at(done), refused };
        all.iter().map(event).collect()
    }

    #[test]
    fn a_stretch_lasts_from_the_first_refused_request_to_the_first_answer() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let all = [(0, 1, false), (10, 20, true), (30, 35, true), (40, 42, false), (50, 60, true)];
        let found = stretches(&events(start, &all));
        let expected =
            [(10, 42), (50, 60)].map(|(begin, end)| Stretch { begin: at(begin), end: at(end) });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_site_has_settled_when_every_client_was_answered_and_none_refused() {
        let (recorder, start) = (Recorder::default(), Instant::now());
        let (first, second) =
            (recorder.lane(Kind::Logins, "first"), recorder.lane(Kind::Favorites, "second"));
        let at = |ms| start + Duration::from_millis(ms);
        let note = |lane, ms, status| {
            let body = serde_json::Value::Null;
            let (sent, done) = (at(ms), at(ms + 1));
            recorder.note(lane, &Reply { status, body, server: None, sent, done });
        };
        let waits_for_second = Err(vec!["second".to_owned()]);
        note(first, 10, 200);
        assert_eq!(recorder.settled(start, start), waits_for_second);
        note(second, 20, 503);
        note(second, 30, 204);
        assert_eq!(recorder.settled(start, start), waits_for_second);
        note(first, 40, 200);
        note(second, 50, 204);
        assert_eq!(recorder.settled(start, at(35)), Ok(at(31)));
        let refused = recorder.longest_stretches();
        assert_eq!(refused.get(&Kind::Favorites), Some(&Duration::from_millis(11)));
        assert_eq!(recorder.take_refusals().into_iter().collect::<Vec<_>>(), [("503".into(), 1)]);
    }
}
