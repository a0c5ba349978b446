//! Which films are listed, and in what order.

use std::collections::BTreeSet;
use std::sync::Arc;

use poem_openapi::Enum;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use service::problem::Problem;
use service::problem::request::FIELD;

use crate::catalogue::{Facet, MAX_WORDS, Order, Search, matching, with_ids, words};

/// Maximum number of films that can be requested by their ids.
const MAX_IDS: usize = 100;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum Sort {
    /// Best rated first; films without a rating at the end.
    Rating,
    /// Latest release first; films without a date at the end.
    ReleaseDate,
    /// By title, in upper or lower case.
    Title,
}

/// The query parameters that select films. A film is listed if it meets all of them.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) status: Option<String>,
    pub(super) query: Option<String>,
    pub(super) genre: Option<String>,
    pub(super) director: Option<String>,
    pub(super) year: Option<u16>,
    pub(super) year_from: Option<u16>,
    pub(super) year_to: Option<u16>,
    pub(super) min_rating: Option<f64>,
    pub(super) ids: Option<String>,
    pub(super) sort: Option<Sort>,
}

/// What the parameters select, and in what order.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    filter: Vec<Value>,
    matching: Option<Value>,
    order: Order,
}

impl Selection {
    /// # Errors
    /// [`FIELD`] for an invalid parameter.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Problem> {
        let text = parameters.query.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if text.is_some_and(|text| words(text).len() > MAX_WORDS) {
            return Err(invalid("query", format!("At most {MAX_WORDS} words.")));
        }
        let filters = [
            parameters.genre.as_ref().map(|id| Facet::Genres.term(id)),
            parameters.director.as_ref().map(|id| Facet::Directors.term(id)),
            parameters.year.map(|year| released(Some(year), Some(year))),
            years(parameters.year_from, parameters.year_to),
            parameters.min_rating.map(rated).transpose()?,
            parameters.ids.as_deref().map(ids).transpose()?.map(|ids| with_ids(&ids)),
        ];
        Ok(Self {
            filter: filters.into_iter().flatten().collect(),
            matching: text.map(matching),
            order: order(parameters, text.is_some()),
        })
    }

    /// The search among the films that `admitted` admits.
    pub(super) fn search(self, admitted: Arc<RawValue>) -> Search {
        let Self { filter, matching, order } = self;
        Search { admitted, filter, matching, order }
    }
}

/// What is said most explicitly decides.
fn order(parameters: &Parameters, has_text: bool) -> Order {
    match (parameters.sort, parameters.status.as_deref()) {
        (Some(Sort::ReleaseDate), _) | (None, Some("new")) => Order::Newest,
        (Some(Sort::Title), _) => Order::Title,
        (None, _) if has_text => Order::Relevance,
        (Some(Sort::Rating) | None, _) => Order::BestRated,
    }
}

fn years(from: Option<u16>, to: Option<u16>) -> Option<Value> {
    (from.is_some() || to.is_some()).then(|| released(from, to))
}

/// Released in one of these years.
fn released(from: Option<u16>, to: Option<u16>) -> Value {
    let first = from.map(|year| format!("{year:04}-01-01"));
    let last = to.map(|year| format!("{year:04}-12-31"));
    json!({ "range": { "release_date": { "gte": first, "lte": last, "format": "strict_date" } } })
}

fn rated(min: f64) -> Result<Value, Problem> {
    // Also NaN is not in the range.
    if !(0.0..=10.0).contains(&min) {
        return Err(invalid("min_rating", "A number from 0 to 10."));
    }
    Ok(json!({ "range": { "imdb_rating": { "gte": min } } }))
}

/// The parameter `ids`.
///
/// # Errors
/// [`FIELD`] if they are too many.
pub(crate) fn ids(list: &str) -> Result<BTreeSet<&str>, Problem> {
    let ids: BTreeSet<&str> = list.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.len() > MAX_IDS {
        return Err(invalid("ids", format!("At most {MAX_IDS} ids.")));
    }
    Ok(ids)
}

fn invalid(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(FIELD).field(field).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(parameters: &Parameters) -> Option<String> {
        Selection::of(parameters).err().and_then(|problem| problem.field)
    }

    #[test]
    fn limits_are_checked() {
        for min in [f64::NAN, f64::INFINITY, -0.1, 10.1] {
            let parameters = Parameters { min_rating: Some(min), ..Parameters::default() };
            assert_eq!(refused(&parameters).as_deref(), Some("min_rating"), "{min}");
        }
        let list = |count: usize| {
            let ids: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            Parameters { ids: Some(format!("{},0,,1", ids.join(","))), ..Parameters::default() }
        };
        assert_eq!(refused(&list(100)), None);
        assert_eq!(refused(&list(101)).as_deref(), Some("ids"));
        let query = Some("a ".repeat(17));
        let parameters = Parameters { query, ..Parameters::default() };
        assert_eq!(refused(&parameters).as_deref(), Some("query"));
    }

    #[test]
    fn a_sort_goes_before_a_status_and_a_status_before_a_text() {
        let order = |sort, status: Option<&str>, text: Option<&str>| {
            let (status, query) = (status.map(str::to_owned), text.map(str::to_owned));
            let parameters = Parameters { status, query, sort, ..Parameters::default() };
            Selection::of(&parameters).expect("valid").order
        };
        assert_eq!(order(None, None, None), Order::BestRated);
        assert_eq!(order(None, Some("old"), Some("  ")), Order::BestRated);
        assert_eq!(order(None, Some("old"), Some("x")), Order::Relevance);
        assert_eq!(order(None, Some("new"), Some("x")), Order::Newest);
        assert_eq!(order(Some(Sort::Title), Some("new"), Some("x")), Order::Title);
        assert_eq!(order(Some(Sort::Rating), None, Some("x")), Order::BestRated);
    }
}
