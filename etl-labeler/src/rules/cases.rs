//! Films and the labels that they should have.
//!
//! ```toml
//! at = 2026-06-01T00:00:00Z         # when the labels are compared; optional
//!
//! [[case]]
//! name = "a recent release for adults"
//! film = { release_date = "2025-01-01", mpaa_rating = "R" }
//! labels = ["adult", "new"]         # or `unlabelled = true`: an unreadable value keeps the film closed
//! ```

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use policies::label_rules::{line_at, toml_as_json};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use toml::{Spanned, value::Datetime};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    at: Option<Datetime>,
    #[serde(default)]
    case: Vec<Spanned<RawCase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    film: toml::Table,
    labels: Option<Vec<String>>,
    #[serde(default)]
    unlabelled: bool,
}

/// The cases of a file.
pub(super) struct Cases {
    /// When the labels are compared. `now` within a query remains Elasticsearch's own.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) list: Vec<Case>,
}

/// A film and the labels that it should have.
pub(super) struct Case {
    /// What the case shows.
    pub(super) name: String,
    /// The line at which it starts, counted from 1.
    pub(super) line: usize,
    /// The id of the film, which is made up if it has none.
    pub(super) id: String,
    pub(super) film: Map<String, Value>,
    /// What it should have.
    pub(super) labels: Labels,
}

/// The labels of a film, sorted; `None` if it is unlabelled, and so closed.
pub(super) type Labels = Option<Vec<String>>;

/// A file of cases that cannot be used.
#[derive(Debug, Error)]
pub enum CaseError {
    /// The text is not TOML, or has an unknown key or a value of the wrong type; the error shows the line.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// There is nothing to test.
    #[error("the file contains no [[case]]")]
    Empty,
    /// The time is not an instant.
    #[error("`at` needs a date, a time and an offset, such as 2026-06-01T00:00:00Z: {0}")]
    At(Datetime),
    /// One case is invalid.
    #[error("line {line}, case {name:?}: {fault}")]
    Case {
        /// The line at which it starts.
        line: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl Cases {
    pub(super) fn parse(text: &str) -> Result<Self, CaseError> {
        let file: File = toml::from_str(text)?;
        if file.case.is_empty() {
            return Err(CaseError::Empty);
        }
        let instant = |at: Datetime| at.to_string().parse().map_err(|_| CaseError::At(at));
        let at = file.at.map(instant).transpose()?;
        let mut ids = BTreeSet::new();
        let mut list = Vec::with_capacity(file.case.len());
        for case in file.case {
            let line = line_at(text, case.span().start);
            let raw = case.into_inner();
            let name = raw.name.clone();
            let case = Case::new(raw, line)
                .and_then(|case| {
                    let new = ids.insert(case.id.clone());
                    if new { Ok(case) } else { Err("another case has a film with this `id`") }
                })
                .map_err(|fault| CaseError::Case { line, name, fault })?;
            list.push(case);
        }
        Ok(Self { at, list })
    }
}

impl Case {
    fn new(raw: RawCase, line: usize) -> Result<Self, &'static str> {
        let RawCase { name, film, mut labels, unlabelled } = raw;
        if labels.is_some() == unlabelled {
            return Err("needs either `labels` or `unlabelled = true`");
        }
        if let Some(labels) = &mut labels {
            labels.sort_unstable();
        }
        let Some(Value::Object(mut film)) = toml_as_json(toml::Value::Table(film)) else {
            return Err("`film` contains a number that is not finite");
        };
        if film.contains_key("access") {
            return Err("`access` is what the test computes");
        }
        let made_up = || format!("case-{line}").into();
        let id = film.entry("id").or_insert_with(made_up).as_str().map(str::to_owned);
        let id = id.filter(|id| !id.is_empty()).ok_or("the `id` of a film is a text")?;
        Ok(Self { name, line, id, film, labels })
    }
}
