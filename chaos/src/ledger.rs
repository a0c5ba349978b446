//! What the site has acknowledged, and therefore has to be so.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::http::Written;

/// A registered account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) login: String,
    /// Whether it has the role `subscriber`; `None` if that is unknown.
    pub(crate) is_subscriber: Option<bool>,
}

/// A rule that forbids guests to read a film of its own.
#[derive(Clone, Debug)]
pub(crate) struct RuleWrite {
    /// Id of the film.
    pub(crate) film: String,
    pub(crate) written: Written,
    /// Status and code of the answer.
    pub(crate) answer: String,
}

/// What is forbidden from a moment on.
#[derive(Clone, Debug)]
pub(crate) enum Forbidden {
    /// Every request with this access token, whose session has ended.
    Token(String),
    /// Films with the label `new` to this access token, whose user has lost the role.
    NewFilms(String),
    /// A film to guests, by a rule.
    Film(String),
}

impl Forbidden {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Token(_) => "a token of an ended session".into(),
            Self::NewFilms(_) => "a role that was revoked".into(),
            Self::Film(film) => format!("{film}, which a rule forbids"),
        }
    }
}

/// An acknowledgement that something is forbidden now.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) what: Forbidden,
    pub(crate) at: Instant,
    /// The auth-server that acknowledged it.
    pub(crate) by: Option<usize>,
}

/// A film that was written into the index, as a film database would.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilmWrite {
    pub(crate) at: DateTime<Utc>,
    /// When a guest saw it first.
    pub(crate) seen: Option<DateTime<Utc>>,
}

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) accounts: Vec<Account>,
    pub(crate) rules: Vec<RuleWrite>,
    pub(crate) facts: Vec<Fact>,
    /// Whether a film is a favorite; `None` if that is unknown.
    pub(crate) favorites: BTreeMap<String, Option<bool>>,
    pub(crate) films: BTreeMap<String, FilmWrite>,
    /// Since when both auth-servers have been able to follow each other; `None` while a fault keeps them from it.
    pub(crate) following_since: Option<Instant>,
}

/// Shared by all clients.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Book>);

impl Ledger {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
