//! Whether Elasticsearch reads the fields that decisions depend on as a check reads them. An index with
//! any other mapping must not be searched with a filter.

use std::fmt;

use serde_json::{Map, Value};

/// Format of the instants in `access`: whole seconds in UTC, in a single notation. Named formats would
/// accept names of time zones, whose offsets depend on Elasticsearch's time zone database.
pub const INSTANT_FORMAT: &str = "uuuu-MM-dd'T'HH:mm:ss'Z'";

/// Parameters that change neither what is indexed nor how it is searched.
const HARMLESS: [&str; 6] = ["type", "fields", "meta", "store", "copy_to", "eager_global_ordinals"];

/// A part of an index with which a search and a check could differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// The field, or the setting of the index.
    pub field: String,
    /// What it must be, to follow "must be".
    pub expected: Expected,
}

/// What a field or setting must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A plain `keyword`.
    Keyword,
    /// A plain `date` with [`INSTANT_FORMAT`].
    Instant,
    /// An object that accepts only mapped fields.
    StrictObject,
    /// No such runtime field.
    NoRuntimeField,
    /// No field whose values are copied into a field that decisions depend on.
    NoCopy,
    /// Complete documents.
    CompleteSource,
    /// The default of an index setting.
    DefaultSetting,
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` must be {}", self.field, self.expected)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword => f.write_str("a keyword without further parameters"),
            Self::Instant => {
                write!(f, "a date with the format `{INSTANT_FORMAT}`, without further parameters")
            }
            Self::StrictObject => f.write_str("an object with `dynamic: strict`"),
            Self::NoRuntimeField => f.write_str("mapped, not a runtime field"),
            Self::NoCopy => f.write_str("without `copy_to` into `id` or `access`"),
            Self::CompleteSource => f.write_str("enabled, without includes and excludes"),
            Self::DefaultSetting => f.write_str("unset"),
        }
    }
}

/// Everything in an index with which a search and a check could differ, from the index's entry in the
/// response of `GET /<index>?flat_settings=true`.
#[must_use]
pub fn mapping_problems(index: &Value) -> Vec<MappingProblem> {
    let mapping = index.get("mappings");
    let mut problems = Problems(Vec::new());
    problems.settings(index.get("settings"));
    problems.source(mapping.and_then(|mapping| mapping.get("_source")));
    problems.runtime(mapping);
    problems.copies("", mapping);
    problems.leaf("id", property(mapping, "id"), Expected::Keyword);
    problems.access(property(mapping, "access"));
    problems.0
}

/// [`mapping_problems`] of every index behind a name, from the response of `GET /<name>?flat_settings=true`, as text.
#[must_use]
pub fn problems_by_index(indices: &Map<String, Value>) -> Vec<String> {
    let problems = indices.iter().flat_map(|(name, index)| {
        mapping_problems(index).into_iter().map(move |problem| format!("index {name}: {problem}"))
    });
    problems.collect()
}

fn property<'a>(object: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    object?.get("properties")?.get(name)
}

/// The entries of an object within `object`.
fn entries<'a>(
    object: Option<&'a Value>,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.and_then(|object| object.get(name)).and_then(Value::as_object).into_iter().flatten()
}

/// Whether decisions depend on the field.
fn decides(field: &str) -> bool {
    field == "id" || field == "access" || field.starts_with("access.")
}

struct Problems(Vec<MappingProblem>);

impl Problems {
    fn require(&mut self, holds: bool, field: &str, expected: Expected) {
        if !holds {
            self.0.push(MappingProblem { field: field.to_owned(), expected });
        }
    }

    fn settings(&mut self, settings: Option<&Value>) {
        for setting in ["index.mapping.ignore_malformed", "index.mapping.ignore_above"] {
            let value = settings.and_then(|settings| settings.get(setting));
            self.require(
                value.is_none_or(|value| value == "false"),
                setting,
                Expected::DefaultSetting,
            );
        }
    }

    /// A check reads the document as it was stored.
    fn source(&mut self, source: Option<&Value>) {
        let complete = source.is_none_or(|source| {
            let lists = ["includes", "excludes"].into_iter().filter_map(|list| source.get(list));
            let mut lists = lists.filter_map(Value::as_array);
            lists.all(Vec::is_empty) && source.get("enabled").is_none_or(|enabled| enabled == true)
        });
        self.require(complete, "_source", Expected::CompleteSource);
    }

    fn runtime(&mut self, mapping: Option<&Value>) {
        for (field, _) in entries(mapping, "runtime") {
            self.require(!decides(field), field, Expected::NoRuntimeField);
        }
    }

    /// Looks at every field below `path`.
    fn copies(&mut self, path: &str, parent: Option<&Value>) {
        for (name, field) in entries(parent, "properties") {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let targets = field.get("copy_to").and_then(Value::as_array).into_iter().flatten();
            let copies = targets.filter_map(Value::as_str).any(decides);
            self.require(!copies, &path, Expected::NoCopy);
            self.copies(&path, Some(field));
        }
    }

    fn access(&mut self, access: Option<&Value>) {
        self.strict("access", access);
        self.leaf("access.labels", property(access, "labels"), Expected::Keyword);
        self.leaf("access.labelled_at", property(access, "labelled_at"), Expected::Instant);
        for name in ["from", "until"] {
            let (path, labels) = (format!("access.{name}"), property(access, name));
            self.strict(&path, labels);
            for (label, field) in entries(labels, "properties") {
                self.leaf(&format!("{path}.{label}"), Some(field), Expected::Instant);
            }
        }
    }

    fn strict(&mut self, path: &str, mapping: Option<&Value>) {
        let strict = mapping.and_then(Value::as_object).is_some_and(|object| {
            object.get("dynamic").is_some_and(|dynamic| dynamic == "strict")
                && object.get("type").is_none_or(|kind| kind == "object")
                && object
                    .keys()
                    .all(|key| ["type", "dynamic", "properties"].contains(&key.as_str()))
        });
        self.require(strict, path, Expected::StrictObject);
    }

    fn leaf(&mut self, path: &str, mapping: Option<&Value>, expected: Expected) {
        let kind: &[(&str, &str)] = match expected {
            Expected::Keyword => &[("type", "keyword")],
            _ => &[("type", "date"), ("format", INSTANT_FORMAT)],
        };
        let plain = mapping.and_then(Value::as_object).is_some_and(|field| {
            let known = |key: &str| HARMLESS.contains(&key) || kind.iter().any(|(k, _)| *k == key);
            kind.iter().all(|(key, value)| field.get(*key).is_some_and(|v| v == value))
                && field.keys().all(|key| known(key))
        });
        self.require(plain, path, expected);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The index as the labeler makes it.
    fn index() -> Value {
        let instant = json!({ "type": "date", "format": INSTANT_FORMAT });
        let by_label = json!({ "dynamic": "strict", "properties": { "new": instant } });
        let access = json!({ "dynamic": "strict", "properties": {
            "labels": { "type": "keyword" }, "labelled_at": instant, "rules": { "type": "keyword" },
            "from": { "type": "object", "dynamic": "strict" }, "until": by_label,
        } });
        let title = json!({ "type": "text", "copy_to": ["all"] });
        json!({
            "mappings": { "properties": {
                "id": { "type": "keyword", "fields": { "text": { "type": "text" } } },
                "title": title, "access": access,
            } },
            "settings": { "index.number_of_shards": "1" },
        })
    }

    fn problems(pointer: &str, value: Value) -> Vec<String> {
        let mut index = index();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = index.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.insert(key.to_owned(), value);
        mapping_problems(&index).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_labelers_mapping_has_no_problem() {
        assert_eq!(mapping_problems(&index()), []);
    }

    #[test]
    fn an_index_without_mapping_lacks_every_field() {
        let problems = mapping_problems(&json!({ "mappings": {} }));
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(
            fields,
            ["id", "access", "access.labels", "access.labelled_at", "access.from", "access.until"]
        );
    }

    #[test]
    fn each_difference_is_named() {
        let date = |format: &str| json!({ "type": "date", "format": format });
        let lenient = json!({ "type": "date", "format": INSTANT_FORMAT, "ignore_malformed": true });
        for (pointer, value, named) in [
            ("/id", json!({ "type": "text" }), "`id` must be a keyword"),
            ("/id", json!({ "type": "keyword", "ignore_above": 256 }), "`id` must be a keyword"),
            ("/id", json!({ "type": "keyword", "index": false }), "`id` must be a keyword"),
            ("/access/properties/labels", json!({ "type": "text" }), "`access.labels` must be"),
            (
                "/access/properties/labels",
                json!({ "type": "keyword", "normalizer": "lowercase" }),
                "`access.labels` must be",
            ),
            (
                "/access/properties/labels",
                json!({ "type": "keyword", "null_value": "free" }),
                "`access.labels` must be",
            ),
            ("/access/properties/labels", json!({ "type": "alias" }), "`access.labels` must be"),
            ("/access/properties/labelled_at", json!({ "type": "date" }), "`access.labelled_at`"),
            (
                "/access/properties/labelled_at",
                date("strict_date_time_no_millis"),
                "`access.labelled_at` must be a date with the format `uuuu-MM-dd'T'HH:mm:ss'Z'`",
            ),
            ("/access/properties/until/properties/new", lenient, "`access.until.new` must be"),
            ("/access/properties/until/properties/new", json!({}), "`access.until.new` must be"),
            ("/access/properties/from/dynamic", json!("true"), "`access.from` must be an object"),
            ("/access/dynamic", json!("false"), "`access` must be an object"),
            ("/access/enabled", json!(false), "`access` must be an object"),
            ("/access/type", json!("nested"), "`access` must be an object"),
            ("/title/copy_to", json!(["access.labels"]), "`title` must be without `copy_to`"),
        ] {
            let found = problems(&format!("/mappings/properties{pointer}"), value);
            assert!(found.iter().any(|problem| problem.starts_with(named)), "{named}: {found:?}");
        }
        for (pointer, value, named) in [
            ("/mappings/runtime", json!({ "access.labels": {} }), "`access.labels` must be mapped"),
            ("/mappings/_source", json!({ "enabled": false }), "`_source` must be enabled"),
            ("/mappings/_source", json!({ "excludes": ["access"] }), "`_source` must be enabled"),
            ("/settings/index.mapping.ignore_above", json!("9"), "`index.mapping.ignore_above`"),
            (
                "/settings/index.mapping.ignore_malformed",
                json!("true"),
                "`index.mapping.ignore_malformed` must be unset",
            ),
        ] {
            let found = problems(pointer, value);
            assert!(found.iter().any(|problem| problem.starts_with(named)), "{named}: {found:?}");
        }
    }
}
