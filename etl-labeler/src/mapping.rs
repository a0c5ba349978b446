//! The fields of an index as it maps them, and whether a label rule can use them as it means to.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use policies::label_rules::{FieldTest, FieldUse};
use serde_json::Value;
use service::similar::closest;
use thiserror::Error;

/// Every field of one index by its full name.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    fields: BTreeMap<String, Field>,
    settings: Settings,
}

/// Settings of the index that hold for fields without such a parameter.
#[derive(Debug, Default)]
struct Settings {
    ignore_malformed: bool,
    ignore_above: Option<u64>,
}

impl Settings {
    fn read(settings: &Value) -> Self {
        Self {
            ignore_malformed: is(&settings["index.mapping.ignore_malformed"], true),
            ignore_above: number(&settings["index.mapping.ignore_above"]),
        }
    }

    /// What queries miss of a field of this kind.
    fn losses(&self, kind: &str, field: &Value) -> Vec<Loss> {
        let strict = [&INTEGERS[..], &FRACTIONS, &DATES, &["boolean", "ip"]].concat();
        let malformed = &field["ignore_malformed"];
        let malformed = is(malformed, true) || self.ignore_malformed && !is(malformed, false);
        let malformed = malformed && strict.contains(&kind);
        let above = number(&field["ignore_above"]).or(self.ignore_above);
        let above = above.filter(|_| KEYWORDS.contains(&kind));
        [
            malformed.then_some(Loss::IgnoreMalformed),
            above.map(Loss::IgnoreAbove),
            (!field["null_value"].is_null()).then_some(Loss::NullValue),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Whether a parameter is set so. Elasticsearch keeps texts as texts.
fn is(parameter: &Value, expected: bool) -> bool {
    parameter.as_bool() == Some(expected) || parameter.as_str() == Some(&expected.to_string())
}

fn number(parameter: &Value) -> Option<u64> {
    parameter.as_u64().or_else(|| parameter.as_str()?.parse().ok())
}

#[derive(Debug, Clone)]
struct Field {
    kind: String,
    /// Whether queries can find values of it.
    searchable: bool,
    /// Parameters by which queries miss some values.
    losses: Vec<Loss>,
    /// The `nested` objects around it whose values stay inside, from the outermost to the innermost.
    nested: Vec<String>,
}

/// A parameter of a field by which a query misses films that have a value, or finds films that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// A value of another form is not indexed.
    IgnoreMalformed,
    /// Longer texts are not indexed.
    IgnoreAbove(u64),
    /// A null is indexed as a value.
    NullValue,
}

/// Why a rule cannot use a field.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum FieldFault {
    /// The index has no such field.
    #[error("the index has no {kind} `{field}`{}", hint(.closest.as_deref()))]
    Missing {
        /// `field` or `date field`.
        kind: &'static str,
        /// The field.
        field: String,
        /// The most similar field.
        closest: Option<String>,
    },
    /// The field is mapped in another way.
    #[error("{needs}, but `{field}` is of type {kind}{}", hint(.closest.as_deref()))]
    Kind {
        /// The field.
        field: String,
        /// Its type.
        kind: String,
        /// What the rule needs, as the start of a sentence.
        needs: &'static str,
        /// A field that would do.
        closest: Option<String>,
    },
    /// The mapping excludes the field from searches.
    #[error("`{0}` is not searchable: its mapping has `index: false` without doc values")]
    NotSearchable(String),
    /// The mapping leaves values of the field out, so that the rule would miss films.
    #[error("`{field}` has `{parameter}` in its mapping: {consequence}")]
    Lossy {
        /// The field.
        field: String,
        /// The parameter, and its value if that matters.
        parameter: String,
        /// What becomes of the rule.
        consequence: &'static str,
    },
    /// The values are in nested documents, which a query sees only with their path.
    #[error("`{field}` is in nested objects: it needs a `nested` query with the path `{path}`")]
    NeedsNested {
        /// The field.
        field: String,
        /// The path.
        path: String,
    },
    /// A nested query sees nothing else.
    #[error("`{field}` is outside `{path}`, the path of the `nested` query around it")]
    OutsideNested {
        /// The field.
        field: String,
        /// The path.
        path: String,
    },
    /// Elasticsearch reads a day that does not exist as another one.
    #[error("`{field}` holds dates, and {value} is not a day of the calendar")]
    NoDay {
        /// The field.
        field: String,
        /// The value.
        value: Value,
    },
    /// A whole number never equals a fraction.
    #[error("`{field}` holds whole numbers, which never equal {value}")]
    Fraction {
        /// The field.
        field: String,
        /// The value.
        value: Value,
    },
}

impl Loss {
    /// Whether a rule could miss a film, or find one, by it. A validity period whose date was left out has no
    /// end: the film stays restricted.
    fn concerns(self, test: &FieldTest) -> bool {
        match (self, test) {
            (_, FieldTest::Match | FieldTest::Path | FieldTest::Date) => false,
            (Self::IgnoreAbove(length), FieldTest::Equal(values)) => values
                .iter()
                .filter_map(Value::as_str)
                .any(|value| value.chars().count() as u64 > length),
            _ => true,
        }
    }

    fn fault(self, field: &str) -> FieldFault {
        let (parameter, consequence) = match self {
            Self::IgnoreMalformed => (
                "ignore_malformed".to_owned(),
                "a value that Elasticsearch cannot read is not indexed, and the rule would miss the film",
            ),
            Self::IgnoreAbove(length) => (
                format!("ignore_above: {length}"),
                "a longer value is not indexed, and the rule would miss the film",
            ),
            Self::NullValue => {
                ("null_value".to_owned(), "a film without a value is found as if it had one")
            }
        };
        FieldFault::Lossy { field: field.to_owned(), parameter, consequence }
    }
}

fn hint(closest: Option<&str>) -> String {
    closest.map(|closest| format!("; did you mean `{closest}`?")).unwrap_or_default()
}

const DATES: [&str; 2] = ["date", "date_nanos"];
const INTEGERS: [&str; 5] = ["long", "integer", "short", "byte", "unsigned_long"];
const FRACTIONS: [&str; 4] = ["double", "float", "half_float", "scaled_float"];
const WORDS: [&str; 3] = ["text", "match_only_text", "search_as_you_type"];
const KEYWORDS: [&str; 3] = ["keyword", "constant_keyword", "wildcard"];

impl Mapping {
    /// Reads an index from its entry in the response of `GET /<index>?flat_settings=true`.
    pub(crate) fn read(index: &Value) -> Self {
        let mut mapping = Self { settings: Settings::read(&index["settings"]), ..Self::default() };
        let mappings = &index["mappings"];
        mapping.add(mappings, "", &[]);
        for (name, runtime) in objects(mappings, "runtime") {
            mapping.insert(name.clone(), runtime, &[]);
        }
        mapping.resolve_aliases();
        mapping
    }

    fn add(&mut self, object: &Value, prefix: &str, nested: &[String]) {
        for (name, field) in objects(object, "properties") {
            let path = format!("{prefix}{name}");
            let mut inside = nested.to_vec();
            if field["type"] == "nested" {
                let copied = |key: &str| is(&field[key], true);
                if copied("include_in_root") {
                    inside.clear();
                } else if !copied("include_in_parent") {
                    inside.push(path.clone());
                }
            }
            self.insert(path.clone(), field, nested);
            self.add(field, &format!("{path}."), &inside);
            for (name, multi) in objects(field, "fields") {
                self.insert(format!("{path}.{name}"), multi, &inside);
            }
        }
    }

    fn insert(&mut self, name: String, field: &Value, nested: &[String]) {
        let kind = match field["type"].as_str() {
            Some("alias") => format!("alias:{}", field["path"].as_str().unwrap_or_default()),
            kind => kind.unwrap_or("object").to_owned(),
        };
        let off = |key: &str| is(&field[key], false);
        let words = WORDS.contains(&kind.as_str());
        let searchable = !(off("index") && (words || off("doc_values")));
        let losses = self.settings.losses(&kind, field);
        self.fields.insert(name, Field { kind, searchable, losses, nested: nested.to_vec() });
    }

    fn resolve_aliases(&mut self) {
        let target = |field: &Field| self.fields.get(field.kind.strip_prefix("alias:")?).cloned();
        let resolved: Vec<(String, Field)> = self
            .fields
            .iter()
            .filter_map(|(name, field)| Some((name.clone(), target(field)?)))
            .collect();
        self.fields.extend(resolved);
    }

    /// Checks one use of a field.
    pub(crate) fn check(&self, used: &FieldUse) -> Result<(), FieldFault> {
        let FieldUse { field, nested, test } = used;
        let found = self.fields.get(field).ok_or_else(|| self.missing(field, test))?;
        if !suits(&found.kind, test) {
            let kind = found.kind.clone();
            let closest = self.suitable(field, test);
            return Err(FieldFault::Kind {
                field: field.clone(),
                kind,
                needs: needs(test),
                closest,
            });
        }
        if !found.searchable {
            return Err(FieldFault::NotSearchable(field.clone()));
        }
        if let Some(loss) = found.losses.iter().find(|loss| loss.concerns(test)) {
            return Err(loss.fault(field));
        }
        let outside = |path: &&String| !field.starts_with(&format!("{path}."));
        if let Some(path) = nested.as_ref().filter(outside) {
            let (field, path) = (field.clone(), path.clone());
            return Err(FieldFault::OutsideNested { field, path });
        }
        let inside = |path: &&String| !nested.as_ref().is_some_and(|around| reaches(around, path));
        if let Some(path) = found.nested.iter().find(inside) {
            return Err(FieldFault::NeedsNested { field: field.clone(), path: path.clone() });
        }
        check_values(field, &found.kind, test)
    }

    fn missing(&self, field: &str, test: &FieldTest) -> FieldFault {
        let kind = if *test == FieldTest::Date { "date field" } else { "field" };
        let candidates = self.fields.iter().filter(|(_, known)| suits(&known.kind, test));
        let closest = closest(field, candidates.map(|(name, _)| name.as_str())).map(str::to_owned);
        FieldFault::Missing { kind, field: field.to_owned(), closest }
    }

    /// A sub-field, or otherwise the most similar one, that is mapped as needed.
    fn suitable(&self, field: &str, test: &FieldTest) -> Option<String> {
        let suiting = || self.fields.iter().filter(|(_, known)| suits(&known.kind, test));
        let below = format!("{field}.");
        let subs = suiting().map(|(name, _)| name).filter(|name| name.starts_with(&below));
        // By convention the one with the whole value as it is written.
        let sub = subs.min_by_key(|name| !name.ends_with(".keyword")).cloned();
        let parent = field.rsplit_once('.').map(|(parent, _)| parent.to_owned());
        let parent = parent.filter(|parent| suiting().any(|(name, _)| name == parent));
        sub.or(parent)
    }
}

/// Whether a nested query with the path `around` sees what stays inside the nested object `path`.
fn reaches(around: &str, path: &str) -> bool {
    around == path || around.starts_with(&format!("{path}."))
}

/// Checks the values that a rule compares with those of a field.
fn check_values(field: &str, kind: &str, test: &FieldTest) -> Result<(), FieldFault> {
    let fraction = |value: &&Value| INTEGERS.contains(&kind) && is_fraction(value);
    let no_day = |value: &&Value| DATES.contains(&kind) && is_no_day(value);
    let field = field.to_owned();
    let (FieldTest::Equal(values) | FieldTest::Range { bounds: values, .. }) = test else {
        return Ok(());
    };
    if let Some(value) = values.iter().find(no_day).cloned() {
        return Err(FieldFault::NoDay { field, value });
    }
    match values.iter().find(fraction).cloned() {
        Some(value) if matches!(test, FieldTest::Equal(_)) => {
            Err(FieldFault::Fraction { field, value })
        }
        _ => Ok(()),
    }
}

/// Whether a value begins with year, month and day, or year and month, which do not exist.
fn is_no_day(value: &Value) -> bool {
    let day = value.as_str().and_then(|text| text.split(['T', ' ', '|']).next());
    let numbers = day.map(|day| day.split('-').map(|part| part.parse().ok()));
    let numbers: Option<Vec<u32>> = numbers.and_then(Iterator::collect);
    let (year, month, day) = match numbers.as_deref() {
        Some([year, month]) => (*year, *month, 1),
        Some([year, month, day]) => (*year, *month, *day),
        _ => return false,
    };
    i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_none())
}

fn is_fraction(value: &Value) -> bool {
    let text = value.as_str().and_then(|text| text.parse::<f64>().ok());
    value.as_f64().or(text).is_some_and(|number| number.fract() != 0.0)
}

fn suits(kind: &str, test: &FieldTest) -> bool {
    let number = INTEGERS.contains(&kind) || FRACTIONS.contains(&kind);
    let exact = number || DATES.contains(&kind) || KEYWORDS.contains(&kind);
    match test {
        FieldTest::Equal(_) => exact || matches!(kind, "boolean" | "ip" | "version"),
        FieldTest::Range { dates: false, .. } => exact || matches!(kind, "ip" | "version"),
        FieldTest::Range { dates: true, .. } | FieldTest::Date => DATES.contains(&kind),
        FieldTest::Exists => !matches!(kind, "object" | "nested"),
        FieldTest::Prefix => KEYWORDS.contains(&kind),
        FieldTest::Match => WORDS.contains(&kind),
        FieldTest::Path => kind == "nested",
    }
}

fn needs(test: &FieldTest) -> &'static str {
    match test {
        FieldTest::Equal(_) => "`term` and `terms` compare whole values",
        FieldTest::Range { dates: false, .. } => "`range` needs a number, a date or a keyword",
        FieldTest::Range { dates: true, .. } => "`range` with `format` or `time_zone` needs a date",
        FieldTest::Exists => "`exists` needs a field with values",
        FieldTest::Prefix => "`prefix` needs a keyword",
        FieldTest::Match => "`match` searches for words in a text",
        FieldTest::Path => "`nested` needs a nested object",
        FieldTest::Date => "a validity period needs a date",
    }
}

fn objects<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use policies::label_rules::LabelRules;
    use serde_json::json;

    use super::*;

    fn check(condition: &str) -> Result<(), String> {
        check_with(&json!({}), condition)
    }

    fn check_with(settings: &Value, condition: &str) -> Result<(), String> {
        let mappings = json!({ "properties": {
            "mpaa_rating": { "type": "keyword" },
            "title": { "type": "text", "fields": { "keyword": { "type": "keyword" } } },
            "year": { "type": "integer" },
            "off": { "type": "keyword", "index": false, "doc_values": false },
            "flag": { "type": "boolean" },
            "release_date": { "type": "date" },
            "cast": { "type": "nested", "properties": { "name": { "type": "keyword" } } },
            "genres": { "type": "nested", "include_in_parent": true, "properties": { "id": { "type": "keyword" } } },
            "rating": { "type": "alias", "path": "mpaa_rating" },
            "studio": { "properties": { "name": { "type": "keyword" } } },
            "short": { "type": "keyword", "ignore_above": 4 },
            "lenient": { "type": "date", "ignore_malformed": "true" },
            "strict": { "type": "date", "ignore_malformed": false },
            "filled": { "type": "keyword", "null_value": "none" },
        } });
        let mapping = Mapping::read(&json!({ "mappings": mappings, "settings": settings }));
        let rules = LabelRules::parse(&format!("[[label]]\nname='x'\n{condition}")).unwrap();
        let mut uses = crate::check::fields(rules.iter().next().unwrap());
        uses.try_for_each(|used| mapping.check(&used)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn fields_that_are_mapped_as_the_rule_means_them_are_accepted() {
        for query in [
            "{term={mpaa_rating='R'}}",
            "{term={rating='R'}}",
            "{term={'title.keyword'='X'}}",
            "{match={title='end'}}",
            "{range={year={gte=2000}}}",
            "{range={release_date={lt='now/d',time_zone='+01:00'}}}",
            "{range={release_date={gte='2000-02-29T10:00:00Z',lt='2001||+1M'}}}",
            "{range={release_date={gte='30-02-2001',format='MM-dd-yyyy'}}}",
            "{exists={field='studio.name'}}",
            "{term={flag=true}}",
            "{term={'genres.id'='a'}}",
            "{nested={path='genres',query={term={'genres.id'='a'}}}}",
            "{nested={path='cast',query={bool={must_not={term={'cast.name'='a'}}}}}}",
        ] {
            assert_eq!(check(&format!("query={query}")), Ok(()), "{query}");
        }
    }

    #[test]
    fn fields_of_which_a_query_misses_values_are_refused() {
        let none = json!({});
        let malformed = json!({ "index.mapping.ignore_malformed": "true" });
        let above = json!({ "index.mapping.ignore_above": "8" });
        for (settings, condition, message) in [
            (
                &none,
                "query={range={lenient={gt='2000-01-01'}}}",
                "`lenient` has `ignore_malformed`",
            ),
            (&none, "query={exists={field='lenient'}}", "would miss the film"),
            (&none, "query={prefix={short='a'}}", "`short` has `ignore_above: 4`"),
            (&none, "query={exists={field='short'}}", "a longer value is not indexed"),
            (&none, "query={range={short={gt='a'}}}", "`short` has `ignore_above: 4`"),
            (&none, "query={terms={short=['abcd','abcde']}}", "`short` has `ignore_above: 4`"),
            (
                &none,
                "query={bool={must_not={exists={field='filled'}}}}",
                "`filled` has `null_value`",
            ),
            (&malformed, "query={term={year=2000}}", "`year` has `ignore_malformed`"),
            (&above, "query={prefix={mpaa_rating='R'}}", "`mpaa_rating` has `ignore_above: 8`"),
        ] {
            let refused = check_with(settings, condition).unwrap_err();
            assert!(refused.contains(message), "{condition}: {refused}");
        }
        for (settings, condition) in [
            (&none, "query={term={short='abcd'}}"),
            (&malformed, "query={range={strict={gt='2000-01-01'}}}"),
            (&malformed, "query={term={mpaa_rating='R'}}"),
            (&none, "within={field='lenient',period='P1Y'}"),
        ] {
            assert_eq!(check_with(settings, condition), Ok(()), "{condition}");
        }
    }

    #[test]
    fn other_fields_are_refused_with_the_closest_one() {
        for (query, message) in [
            ("{term={mpaa_ratting='R'}}", "no field `mpaa_ratting`; did you mean `mpaa_rating`?"),
            ("{term={title='X'}}", "`title` is of type text; did you mean `title.keyword`?"),
            ("{range={title={gt='X'}}}", "`title` is of type text"),
            ("{match={mpaa_rating='R'}}", "`mpaa_rating` is of type keyword"),
            ("{match={'title.keyword'='R'}}", "is of type keyword; did you mean `title`?"),
            ("{prefix={title='X'}}", "`title` is of type text"),
            ("{prefix={year='19'}}", "`year` is of type integer"),
            ("{exists={field='studio'}}", "`studio` is of type object"),
            ("{exists={field='ti*'}}", "no field `ti*`"),
            ("{range={year={gt='2000',format='yyyy'}}}", "`year` is of type integer"),
            ("{range={flag={gt=0}}}", "`flag` is of type boolean"),
            ("{terms={year=[2000,2000.5]}}", "never equal 2000.5"),
            ("{range={release_date={gt='2001-02-30'}}}", "\"2001-02-30\" is not a day"),
            ("{range={release_date={lt='2001-13-01||/M',time_zone='+01:00'}}}", "is not a day"),
            ("{term={release_date='2001-13'}}", "\"2001-13\" is not a day"),
            ("{term={off='x'}}", "`off` is not searchable"),
            ("{term={'cast.name'='a'}}", "needs a `nested` query with the path `cast`"),
            ("{nested={path='genres',query={term={mpaa_rating='R'}}}}", "outside `genres`"),
            (
                "{nested={path='studio',query={term={'studio.name'='R'}}}}",
                "`studio` is of type object",
            ),
        ] {
            let refused = check(&format!("query={query}")).unwrap_err();
            assert!(refused.contains(message), "{query}: {refused}");
        }
    }
}
