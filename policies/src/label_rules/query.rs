//! The queries of label rules: a subset of Elasticsearch's query DSL in which every query says which fields it
//! uses and how, so that a query that can never match is found before it is used.

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};
use thiserror::Error;

/// The queries that a label rule may use.
pub const QUERIES: [&str; 10] = [
    "term",
    "terms",
    "range",
    "exists",
    "prefix",
    "match",
    "ids",
    "nested",
    "bool",
    "constant_score",
];

/// A valid query, and the fields that it uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    json: Value,
    fields: Vec<FieldUse>,
}

/// A field in a query.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldUse {
    /// Full name of the field.
    pub field: String,
    /// Path of the `nested` query around it.
    pub nested: Option<String>,
    /// What the query does with it.
    pub test: FieldTest,
}

/// What a rule does with a field, and hence how the field must be mapped.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldTest {
    /// Compares whole values: `term`, `terms`.
    Equal(Vec<Value>),
    /// Compares with bounds.
    Range {
        /// Whether the bounds are dates, because they have a `format` or a `time_zone`.
        dates: bool,
        /// The bounds, unless a `format` says how they are written.
        bounds: Vec<Value>,
    },
    /// Asks whether there is a value.
    Exists,
    /// Compares the beginning of values.
    Prefix,
    /// Searches for words.
    Match,
    /// Is the path of a `nested` query.
    Path,
    /// Reads dates: `within`, `from`, `until`.
    Date,
}

/// Why a query is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryFault {
    /// Another query of Elasticsearch, or none.
    #[error("`{query}` is not a query for label rules, which are {}", QUERIES.join(", "))]
    Unsupported {
        /// The query.
        query: String,
    },
    /// A query must be a table with exactly one key.
    #[error("`{0}` needs a query, which is a table with one key such as `term`")]
    NotOne(String),
    /// A parameter that does not exist or is not supported.
    #[error("`{query}` has an unknown parameter `{name}`")]
    Parameter {
        /// The query.
        query: &'static str,
        /// The parameter.
        name: String,
    },
    /// Anything else.
    #[error("`{query}` {problem}")]
    Form {
        /// The query.
        query: &'static str,
        /// What is wrong, as the rest of a sentence.
        problem: &'static str,
    },
    /// `access` holds the labels themselves.
    #[error("`{0}` is written by the labeler: a rule cannot depend on it")]
    Access(String),
}

type Checked<T = ()> = Result<T, QueryFault>;

impl Query {
    /// # Errors
    /// [`QueryFault`] if the query is outside the subset.
    pub(super) fn parse(json: Value) -> Checked<Self> {
        let mut parser = Parser::default();
        parser.query("query", &json)?;
        Ok(Self { json, fields: parser.fields })
    }

    /// The query as Elasticsearch reads it.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Every use of a field.
    #[must_use]
    pub fn fields(&self) -> &[FieldUse] {
        &self.fields
    }
}

#[derive(Default)]
struct Parser {
    fields: Vec<FieldUse>,
    nested: Option<String>,
}

impl Parser {
    fn query(&mut self, place: &str, query: &Value) -> Checked {
        let single = query.as_object().filter(|query| query.len() == 1);
        let (kind, body) = single
            .and_then(|query| query.iter().next())
            .ok_or_else(|| QueryFault::NotOne(place.to_owned()))?;
        match kind.as_str() {
            "term" => self.term(body),
            "terms" => self.terms(body),
            "range" => self.range(body),
            "exists" => self.exists(body),
            "prefix" => self.prefix(body),
            "match" => self.matching(body),
            "ids" => ids(body),
            "nested" => self.nested(body),
            "bool" => self.boolean(body),
            "constant_score" => {
                let parameters = parameters("constant_score", body, &["filter"])?;
                self.query("filter", parameters.get("filter").unwrap_or(&Value::Null))
            }
            other => Err(QueryFault::Unsupported { query: other.to_owned() }),
        }
    }

    fn term(&mut self, body: &Value) -> Checked {
        let (field, value) = field("term", body)?;
        let value = parameter_or_value("term", value, "value", &["case_insensitive"])?;
        scalar("term", value)?;
        self.add(field, FieldTest::Equal(vec![value.clone()]))
    }

    fn terms(&mut self, body: &Value) -> Checked {
        let (field, values) = field("terms", body)?;
        let values = values.as_array().filter(|values| !values.is_empty());
        let values = values.ok_or_else(|| form("terms", "needs a list of at least one value"))?;
        values.iter().try_for_each(|value| scalar("terms", value))?;
        self.add(field, FieldTest::Equal(values.clone()))
    }

    fn range(&mut self, body: &Value) -> Checked {
        const KNOWN: [&str; 6] = ["gt", "gte", "lt", "lte", "format", "time_zone"];
        let (field, bounds) = field("range", body)?;
        let bounds = parameters("range", bounds, &KNOWN)?;
        for bound in bounds.values() {
            scalar("range", bound)?;
        }
        let lower = one_of("range", bounds, "gt", "gte")?;
        let upper = one_of("range", bounds, "lt", "lte")?;
        if lower.or(upper).is_none() {
            return Err(form("range", "needs a bound: gt, gte, lt or lte"));
        }
        // A day without a time compares as a number of days.
        let day = |bound: &Value| {
            let day = bound.as_str()?.parse::<NaiveDate>().ok()?;
            Some(f64::from(day.num_days_from_ce()))
        };
        let number = |bound: Option<&Value>| {
            let bound = bound?;
            bound.as_f64().or_else(|| day(bound))
        };
        if let (Some(lower), Some(upper)) = (number(lower), number(upper)) {
            let strict = bounds.contains_key("gt") || bounds.contains_key("lt");
            if lower > upper || strict && lower >= upper {
                return Err(form("range", "can never match: its bounds exclude every value"));
            }
        }
        let dates = bounds.contains_key("format") || bounds.contains_key("time_zone");
        let has_format = bounds.contains_key("format");
        let bounds = lower.into_iter().chain(upper).filter(|_| !has_format).cloned().collect();
        self.add(field, FieldTest::Range { dates, bounds })
    }

    fn exists(&mut self, body: &Value) -> Checked {
        let parameters = parameters("exists", body, &["field"])?;
        self.add(
            text("exists", "needs the name of a `field`", parameters.get("field"))?,
            FieldTest::Exists,
        )
    }

    fn prefix(&mut self, body: &Value) -> Checked {
        let (field, value) = field("prefix", body)?;
        let value = parameter_or_value("prefix", value, "value", &["case_insensitive"])?;
        text("prefix", "needs a text that is not empty", Some(value))?;
        self.add(field, FieldTest::Prefix)
    }

    fn matching(&mut self, body: &Value) -> Checked {
        let (field, value) = field("match", body)?;
        let value = parameter_or_value("match", value, "query", &["operator", "fuzziness"])?;
        let words = text("match", "needs a text that is not empty", Some(value))?;
        if !words.contains(char::is_alphanumeric) {
            return Err(form("match", "can never match: its text has no word"));
        }
        self.add(field, FieldTest::Match)
    }

    fn nested(&mut self, body: &Value) -> Checked {
        let parameters = parameters("nested", body, &["path", "query"])?;
        let path = text("nested", "needs a `path`", parameters.get("path"))?;
        self.add(path, FieldTest::Path)?;
        let around = self.nested.replace(path.to_owned());
        self.query("nested", parameters.get("query").unwrap_or(&Value::Null))?;
        self.nested = around;
        Ok(())
    }

    fn boolean(&mut self, body: &Value) -> Checked {
        const OCCURRENCES: [&str; 4] = ["must", "filter", "should", "must_not"];
        let known = [&OCCURRENCES[..], &["minimum_should_match"]].concat();
        let parameters = parameters("bool", body, &known)?;
        let clauses = |occurrence: &str| match parameters.get(occurrence) {
            None => &[],
            Some(Value::Array(queries)) => queries.as_slice(),
            Some(query) => std::slice::from_ref(query),
        };
        if OCCURRENCES.iter().all(|occurrence| clauses(occurrence).is_empty()) {
            return Err(form("bool", "needs must, filter, should or must_not"));
        }
        for occurrence in OCCURRENCES {
            clauses(occurrence).iter().try_for_each(|query| self.query(occurrence, query))?;
        }
        let should = clauses("should").len() as u64;
        match parameters.get("minimum_should_match").map(Value::as_u64) {
            None if should > 0 && !(clauses("must").is_empty() && clauses("filter").is_empty()) => {
                Err(form(
                    "bool",
                    "has a `should` without effect: beside must or filter it needs minimum_should_match",
                ))
            }
            None => Ok(()),
            Some(Some(minimum)) if (1..=should).contains(&minimum) => Ok(()),
            Some(_) => Err(form(
                "bool",
                "needs a minimum_should_match from 1 to the number of queries in should",
            )),
        }
    }

    fn add(&mut self, field: &str, test: FieldTest) -> Checked {
        let (field, nested) = (field.to_owned(), self.nested.clone());
        not_access(&field)?;
        self.fields.push(FieldUse { field, nested, test });
        Ok(())
    }
}

/// Rejects fields that the labeler writes: the labels of a run must not depend on those of the last one.
pub(super) fn not_access(field: &str) -> Checked {
    let root = field.split('.').next().unwrap_or_default();
    if root == "access" { Err(QueryFault::Access(field.to_owned())) } else { Ok(()) }
}

fn ids(body: &Value) -> Checked {
    let parameters = parameters("ids", body, &["values"])?;
    let values = parameters.get("values").and_then(Value::as_array);
    let values = values.filter(|values| !values.is_empty() && values.iter().all(Value::is_string));
    values.map(drop).ok_or_else(|| form("ids", "needs `values`, a list of at least one text"))
}

fn form(query: &'static str, problem: &'static str) -> QueryFault {
    QueryFault::Form { query, problem }
}

/// The field and what stands for it, of a query such as `{ term = { field = … } }`.
fn field<'a>(query: &'static str, body: &'a Value) -> Checked<(&'a str, &'a Value)> {
    let single = body.as_object().filter(|body| body.len() == 1);
    let (field, value) = single
        .and_then(|body| body.iter().next())
        .ok_or_else(|| form(query, "needs exactly one field"))?;
    Ok((field, value))
}

fn parameters<'a>(
    query: &'static str,
    body: &'a Value,
    known: &[&str],
) -> Checked<&'a Map<String, Value>> {
    let parameters = body.as_object().ok_or_else(|| form(query, "needs a table"))?;
    match parameters.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(QueryFault::Parameter { query, name: name.clone() }),
        None => Ok(parameters),
    }
}

/// The value of a query that is written either alone or, with more parameters, under `main`.
fn parameter_or_value<'a>(
    query: &'static str,
    value: &'a Value,
    main: &str,
    others: &[&str],
) -> Checked<&'a Value> {
    if !value.is_object() {
        return Ok(value);
    }
    let parameters = parameters(query, value, &[&[main], others].concat())?;
    parameters.get(main).ok_or_else(|| form(query, "needs a value"))
}

fn one_of<'a>(
    query: &'static str,
    bounds: &'a Map<String, Value>,
    strict: &str,
    inclusive: &str,
) -> Checked<Option<&'a Value>> {
    match (bounds.get(strict), bounds.get(inclusive)) {
        (Some(_), Some(_)) => Err(form(query, "has two lower or two upper bounds")),
        (bound, None) | (None, bound) => Ok(bound),
    }
}

fn scalar(query: &'static str, value: &Value) -> Checked {
    if value.is_string() || value.is_number() || value.is_boolean() {
        return Ok(());
    }
    Err(form(query, "needs a text, a number, a date or true or false as a value"))
}

fn text<'a>(
    query: &'static str,
    problem: &'static str,
    value: Option<&'a Value>,
) -> Checked<&'a str> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| form(query, problem))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(query: Value) -> String {
        Query::parse(query).unwrap_err().to_string()
    }

    #[test]
    fn a_query_says_which_fields_it_uses_and_how() {
        let query = Query::parse(json!({ "bool": {
            "filter": { "range": { "release_date": { "lt": "now/d", "time_zone": "+01:00" } } },
            "must_not": [{ "nested": { "path": "genres", "query": { "terms": { "genres.id": ["a", "b"] } } } },
                         { "constant_score": { "filter": { "exists": { "field": "imdb_rating" } } } },
                         { "prefix": { "mpaa_rating": { "value": "TV", "case_insensitive": true } } },
                         { "match": { "title": { "query": "the end", "operator": "and" } } },
                         { "ids": { "values": ["x"] } }],
        } }))
        .unwrap();
        let uses: Vec<_> = query
            .fields()
            .iter()
            .map(|used| (used.field.as_str(), used.nested.as_deref(), &used.test))
            .collect();
        assert_eq!(
            uses,
            [
                (
                    "release_date",
                    None,
                    &FieldTest::Range { dates: true, bounds: vec![json!("now/d")] }
                ),
                ("genres", None, &FieldTest::Path),
                ("genres.id", Some("genres"), &FieldTest::Equal(vec![json!("a"), json!("b")])),
                ("imdb_rating", None, &FieldTest::Exists),
                ("mpaa_rating", None, &FieldTest::Prefix),
                ("title", None, &FieldTest::Match),
            ]
        );
    }

    #[test]
    fn other_queries_are_refused_by_name() {
        for other in [
            "match_all",
            "wildcard",
            "regexp",
            "script",
            "query_string",
            "fuzzy",
            "match_phrase",
            "geo_distance",
            "knn",
            "percolate",
        ] {
            let message = fault(json!({ "bool": { "filter": [{ other: {} }] } }));
            assert!(
                message.starts_with(&format!("`{other}` is not a query for label rules")),
                "{message}"
            );
        }
    }

    #[test]
    fn parameters_that_could_make_a_query_never_match_are_refused() {
        for (query, message) in [
            (
                json!({ "term": { "a": { "value": 1, "boost": 2 } } }),
                "`term` has an unknown parameter `boost`",
            ),
            (
                json!({ "terms": { "a": { "index": "x", "id": "1", "path": "p" } } }),
                "`terms` needs a list",
            ),
            (json!({ "terms": { "a": [] } }), "`terms` needs a list"),
            (json!({ "terms": { "a": [["x"]] } }), "`terms` needs a text, a number"),
            (
                json!({ "range": { "a": { "gte": 1, "relation": "within" } } }),
                "`range` has an unknown parameter `relation`",
            ),
            (json!({ "range": { "a": { "from": 1 } } }), "`range` has an unknown parameter `from`"),
            (json!({ "range": { "a": { "format": "yyyy" } } }), "`range` needs a bound"),
            (json!({ "range": { "a": { "gt": 1, "gte": 2 } } }), "`range` has two lower"),
            (json!({ "range": { "a": { "gte": 5, "lte": 3 } } }), "`range` can never match"),
            (json!({ "range": { "a": { "gt": 5, "lte": 5 } } }), "`range` can never match"),
            (json!({ "match": { "a": " ,. " } }), "`match` can never match"),
            (
                json!({ "match": { "a": { "query": "x", "minimum_should_match": 9 } } }),
                "`match` has an unknown parameter",
            ),
            (
                json!({ "nested": { "path": "g", "query": { "term": { "g.a": 1 } }, "ignore_unmapped": true } }),
                "`nested` has an unknown parameter `ignore_unmapped`",
            ),
            (json!({ "nested": { "path": "g" } }), "`nested` needs a query"),
            (json!({ "bool": {} }), "`bool` needs must"),
            (
                json!({ "bool": { "should": [{ "term": { "a": 1 } }], "minimum_should_match": 2 } }),
                "`bool` needs a minimum_should_match",
            ),
            (
                json!({ "bool": { "should": [{ "term": { "a": 1 } }], "filter": [{ "term": { "b": 1 } }] } }),
                "`bool` has a `should` without effect",
            ),
            (
                json!({ "bool": { "_name": "x", "filter": [] } }),
                "`bool` has an unknown parameter `_name`",
            ),
            (json!({ "term": { "a": 1, "b": 2 } }), "`term` needs exactly one field"),
            (json!({ "term": { "a": 1 }, "exists": { "field": "a" } }), "`query` needs a query"),
            (json!({ "ids": { "values": [] } }), "`ids` needs `values`"),
            (
                json!({ "term": { "access.labels": "new" } }),
                "`access.labels` is written by the labeler",
            ),
        ] {
            let rejected = fault(query);
            assert!(rejected.starts_with(message), "{rejected}");
        }
    }

    #[test]
    fn equal_bounds_match_one_value() {
        assert!(Query::parse(json!({ "range": { "a": { "gte": 5, "lte": 5 } } })).is_ok());
    }
}
