//! The mapping file: which field of a source becomes which field of a film, and how.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value, json};
use service::similar::closest;
use toml::{Table, Value as Toml};

use super::{
    dates::{DateRule, Format, YearAlone},
    film::{UNINDEXED, UNREADABLE_FIELDS},
    kind::Kind,
    names::NameRule,
};
use crate::{LabelerError, excerpt::excerpt};

/// Texts that stand for "no value" in the catalogues of others.
const MISSING: [&str; 4] = ["N/A", "NA", "null", "\\N"];

/// The fields of every film, besides its id.
const FILM_FIELDS: [(&str, &str); 7] = [
    ("title", "title"),
    ("description", "text"),
    ("release_date", "date"),
    ("imdb_rating", "float"),
    ("mpaa_rating", "keyword"),
    ("genres", "names"),
    ("directors", "names"),
];

/// Types of fields that a mapping file declares.
const TYPES: [&str; 6] = ["boolean", "date", "double", "keyword", "long", "text"];

/// Fields that no source may write.
const RESERVED: [&str; 3] = ["access", UNINDEXED, UNREADABLE_FIELDS];

/// The format of a declared date: a day, or an instant.
const DATE_FORMAT: &str = "strict_date_optional_time";

/// How films are read from the records of a source.
#[derive(Debug)]
pub(super) struct FilmMapping {
    /// The fields that the id is made of.
    pub(super) id: Vec<String>,
    /// Texts that stand for "no value".
    pub(super) missing: Vec<String>,
    /// The other fields.
    pub(super) fields: Vec<Field>,
}

/// A field of a film.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name in the film.
    pub(super) name: String,
    /// Its name in the source.
    pub(super) from: String,
    /// How its value is read.
    pub(super) kind: Kind,
    /// Its mapping in Elasticsearch, if the mapping file declares it.
    pub(super) declared: Option<Value>,
    /// Whether the mapping file names it.
    pub(super) explicit: bool,
}

impl FilmMapping {
    /// A mapping file laid over `default`: what it does not say about a field is as in the default. An empty
    /// mapping takes every field from the field of the same name.
    ///
    /// # Errors
    /// [`LabelerError::File`], or [`LabelerError::MappingFile`] with the key that is wrong.
    pub(super) fn read(path: Option<&Path>, default: &str) -> Result<Self, LabelerError> {
        let Some(path) = path else { return Ok(Self::parse("", default)?) };
        let text = fs::read_to_string(path)
            .map_err(|source| LabelerError::File { path: path.to_owned(), source })?;
        let invalid = |message| MappingFileError(format!("{}: {message}", path.display()));
        Ok(Self::parse(&text, default).map_err(|error| invalid(error.0))?)
    }

    pub(super) fn parse(text: &str, default: &str) -> Result<Self, MappingFileError> {
        let read = |text: &str| toml::from_str(text).map_err(|e| MappingFileError(e.to_string()));
        let mut file = Keys::new("", read(text)?);
        let missing = file.texts("missing")?;
        let mut fields = Keys::new("fields", file.table("fields")?);
        let named = fields.names();
        fields.lay_over(Keys::new("", read(default)?).table("fields")?);
        file.end(&["missing", "fields"])?;
        let mut id = fields.keys("id")?.unwrap_or_default();
        let id_from = id.some_texts("from")?.unwrap_or_else(|| vec!["id".to_owned()]);
        id.end(&["from"])?;
        let mut mapping = Self {
            id: id_from,
            missing: missing.unwrap_or_else(|| MISSING.map(str::to_owned).to_vec()),
            fields: Vec::new(),
        };
        for (name, kind) in FILM_FIELDS {
            let keys = fields.keys(name)?.unwrap_or_else(|| Keys::new(name, Table::new()));
            mapping.fields.push(keys.field(name, kind)?);
        }
        for name in fields.names() {
            mapping.fields.push(declared(&mut fields, &name)?);
        }
        for field in &mut mapping.fields {
            field.explicit = named.contains(&field.name);
        }
        Ok(mapping)
    }

    /// The fields of the source that the mapping names.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().flat_map(Field::sources);
        self.id.iter().map(String::as_str).chain(fields)
    }

    /// Adds the fields that these mappings of indices have and this one does not name, each read as if it had been declared.
    /// Passed on as it is, a value would be read by Elasticsearch, to which `2027-13-01` is a date.
    pub(super) fn adopt<'m>(&mut self, mappings: impl IntoIterator<Item = &'m Value>) {
        let properties =
            mappings.into_iter().filter_map(|mappings| mappings.get("properties")?.as_object());
        for (name, mapped) in properties.flatten() {
            let is_named = name == "id" || self.fields.iter().any(|field| field.name == *name);
            let is_read = self.sources().any(|source| source == name);
            if is_named || is_read || RESERVED.contains(&name.as_str()) {
                continue;
            }
            if let Some(kind) = mapped.get("type").and_then(Value::as_str).and_then(Kind::of_index)
            {
                let (name, from) = (name.clone(), name.clone());
                self.fields.push(Field { name, from, kind, declared: None, explicit: false });
            }
        }
    }

    /// The properties of declared fields in Elasticsearch.
    pub(super) fn declared(&self) -> Map<String, Value> {
        let declared = self
            .fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), field.declared.clone()?)));
        declared.collect()
    }

    /// The name of two columns of a table, of which only one could be read, and their places. Several columns
    /// without a name do no harm, unless the mapping reads one.
    pub(super) fn repeated_column<'a>(
        &self,
        columns: &'a [String],
    ) -> Option<(&'a str, (usize, usize))> {
        let mut places = BTreeMap::new();
        let unnamed = self.sources().any(str::is_empty);
        let columns = columns.iter().zip(1..).filter(|(column, _)| unnamed || !column.is_empty());
        columns.into_iter().find_map(|(column, place)| {
            Some((column.as_str(), (places.insert(column, place)?, place)))
        })
    }

    /// The column of a table that the id needs and the table lacks, with the closest one.
    pub(super) fn missing_column<'a>(
        &'a self,
        columns: &'a [String],
    ) -> Option<(&'a str, Option<&'a str>)> {
        let missing = self.id.iter().find(|column| !columns.contains(column))?;
        let names = columns.iter().map(String::as_str);
        let same = names.clone().find(|column| column.eq_ignore_ascii_case(missing));
        Some((missing, same.or_else(|| closest(missing, names))))
    }
}

impl Field {
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let flags = self.kind.flags();
        let from = flags.is_empty().then_some(self.from.as_str());
        from.into_iter().chain(flags.iter().map(String::as_str))
    }
}

/// A field that is not one of every film.
fn declared(fields: &mut Keys, name: &str) -> Result<Field, MappingFileError> {
    let Some(mut keys) = fields.keys(name)? else { return Err(fields.unknown(name, &[])) };
    if RESERVED.contains(&name) || name.starts_with('_') || name.contains('.') || name.is_empty() {
        return Err(MappingFileError(format!("`fields.{name}`: this name cannot be declared")));
    }
    let Some(kind) = keys.text("type")? else {
        let known = FILM_FIELDS.map(|(name, _)| name);
        let hint = closest(name, known).map(|known| format!("did you mean `{known}`? "));
        let hint = hint.unwrap_or_default();
        let message = format!(
            "`fields.{name}` is not a field of every film; {hint}A field of your own needs a `type`"
        );
        return Err(MappingFileError(message));
    };
    if !TYPES.contains(&kind.as_str()) {
        let hint = closest(&kind, TYPES)
            .map(|kind| format!("did you mean `{kind}`? "))
            .unwrap_or_default();
        let message =
            format!("`fields.{name}.type`: `{}` is not one of {TYPES:?}. {hint}", excerpt(&kind));
        return Err(MappingFileError(message.trim_end().to_owned()));
    }
    let (kind, mapping) = match kind.as_str() {
        "date" => ("instant", json!({ "type": "date", "format": DATE_FORMAT })),
        kind => (kind, json!({ "type": kind })),
    };
    Ok(Field { declared: Some(mapping), ..keys.field(name, kind)? })
}

/// A mapping file that cannot be used. The message names the key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MappingFileError(String);

/// A table of the file, whose keys are taken out one by one; what is left is unknown.
#[derive(Default)]
struct Keys {
    path: String,
    table: Table,
}

impl Keys {
    fn new(path: &str, table: Table) -> Self {
        Self { path: path.to_owned(), table }
    }

    fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Adds the keys of the tables of `default` that these do not have.
    fn lay_over(&mut self, default: Table) {
        for (name, value) in default {
            match (self.table.get_mut(&name), value) {
                (None, value) => drop(self.table.insert(name, value)),
                (Some(Toml::Table(table)), Toml::Table(default)) => {
                    for (key, value) in default {
                        table.entry(key).or_insert(value);
                    }
                }
                // What is no table is an error that names it.
                (Some(_), _) => {}
            }
        }
    }

    fn wrong(&self, key: &str, expected: &str) -> MappingFileError {
        MappingFileError(format!("`{}` must be {expected}", self.place(key)))
    }

    fn place(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, MappingFileError> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Toml::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text")),
        }
    }

    /// One text or a list of at least one.
    fn some_texts(&mut self, key: &str) -> Result<Option<Vec<String>>, MappingFileError> {
        match self.texts(key)? {
            Some(texts) if texts.is_empty() => {
                Err(self.wrong(key, "a text or a list of at least one; remove it for the default"))
            }
            texts => Ok(texts),
        }
    }

    /// One text or a list of texts.
    fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, MappingFileError> {
        let items = match self.table.remove(key) {
            None => return Ok(None),
            Some(Toml::Array(items)) => items,
            Some(item) => vec![item],
        };
        let texts: Option<Vec<_>> =
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        texts.map(Some).ok_or_else(|| self.wrong(key, "a text or a list of texts"))
    }

    fn table(&mut self, key: &str) -> Result<Table, MappingFileError> {
        match self.table.remove(key) {
            None => Ok(Table::new()),
            Some(Toml::Table(table)) => Ok(table),
            Some(_) => Err(self.wrong(key, "a table")),
        }
    }

    fn keys(&mut self, key: &str) -> Result<Option<Self>, MappingFileError> {
        if !self.table.contains_key(key) {
            return Ok(None);
        }
        let path = self.place(key);
        Ok(Some(Self { table: self.table(key)?, path }))
    }

    /// Every key must have been taken.
    fn end(&self, known: &[&str]) -> Result<(), MappingFileError> {
        self.table.keys().next().map_or(Ok(()), |key| Err(self.unknown(key, known)))
    }

    fn unknown(&self, key: &str, known: &[&str]) -> MappingFileError {
        let place = self.place(key);
        let hint = match closest(key, known.iter().copied()) {
            Some(closest) => format!("did you mean `{closest}`?"),
            None => format!("known keys: {}", known.join(", ")),
        };
        MappingFileError(format!("`{place}` is not a key; {hint}"))
    }

    /// The field of this table.
    fn field(mut self, name: &str, kind: &str) -> Result<Field, MappingFileError> {
        // A declared field has had its type taken out.
        if self.table.contains_key("type") {
            let message = format!(
                "`{}`: the type of this field is the same for every film; remove the key",
                self.place("type")
            );
            return Err(MappingFileError(message));
        }
        let from = self.text("from")?.unwrap_or_else(|| name.to_owned());
        let (kind, known): (_, &[&str]) = match kind {
            "title" => (Kind::Title, &["from"]),
            "text" => (Kind::Text, &["from", "type"]),
            "keyword" => (Kind::Keyword, &["from", "type"]),
            "long" => (Kind::Long, &["from", "type"]),
            "float" => (Kind::Float, &["from"]),
            "double" => (Kind::Double, &["from", "type"]),
            "boolean" => (Kind::Boolean, &["from", "type"]),
            "date" => (Kind::Date(self.date(false)?), &["from", "formats", "year_alone"]),
            "instant" => (Kind::Date(self.date(true)?), &["from", "formats", "year_alone", "type"]),
            _ => (Kind::Names(self.name_rule()?), &["from", "separator", "id", "name", "flags"]),
        };
        self.end(known)?;
        Ok(Field { name: name.to_owned(), from, kind, declared: None, explicit: false })
    }

    fn date(&mut self, keeps_time: bool) -> Result<DateRule, MappingFileError> {
        let texts = self.some_texts("formats")?.unwrap_or_default();
        let mut formats = Vec::new();
        for text in texts {
            let format = Format::parse(text.clone());
            formats.push(format.ok_or_else(|| {
                let expected = format!(
                    "formats of a whole day, such as `%b %d %Y`, also with a whole time and `%z`, such as \
                     `%d %b %Y %H:%M %z`; `{}` is not",
                    excerpt(&text)
                );
                self.wrong("formats", &expected)
            })?);
        }
        let year_alone = match self.text("year_alone")?.as_deref() {
            None | Some("unknown") => YearAlone::Unknown,
            Some("january_1") => YearAlone::January1,
            Some(_) => return Err(self.wrong("year_alone", "`unknown` or `january_1`")),
        };
        Ok(DateRule { formats, year_alone, keeps_time })
    }

    fn name_rule(&mut self) -> Result<NameRule, MappingFileError> {
        let mut text = |key: &str, default: &str| {
            Ok::<_, MappingFileError>(self.text(key)?.unwrap_or_else(|| default.to_owned()))
        };
        let (separator, id, name) =
            (text("separator", "|")?, text("id", "id")?, text("name", "name")?);
        if separator.is_empty() {
            return Err(self.wrong("separator", "a text that is not empty"));
        }
        Ok(NameRule { separator, id, name, flags: self.texts("flags")?.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_the_closest() {
        for (text, message) in [
            ("feilds = {}", "`feilds` is not a key; did you mean `fields`?"),
            ("[fields.title]\nfrm = 'T'", "`fields.title.frm` is not a key; did you mean `from`?"),
            ("[fields.id]\nfrm = 'T'", "`fields.id.frm` is not a key; did you mean `from`?"),
            ("[fields.titel]\nfrom = 'T'", "did you mean `title`?"),
            ("[fields.budget]\ntype = 'lnog'", "did you mean `long`?"),
            ("[fields.budget]\ntype = 'long'\nformats = ['%Y']", "`fields.budget.formats` is not"),
            ("[fields.release_date]\nformats = ['%b %Y']", "`fields.release_date.formats` must be"),
            ("[fields.release_date]\nformats = ['%Q']", "`%Q` is not"),
            ("[fields.release_date]\nformats = []", "a list of at least one"),
            ("[fields.id]\nfrom = []", "`fields.id.from` must be a text or a list of at least"),
            ("[fields.release_date]\ntype = 'date'", "`fields.release_date.type`: the type of"),
            ("[fields.title]\ntype = 'text'", "`fields.title.type`: the type of this field is"),
            ("[fields.unreadable_fields]\ntype = 'keyword'", "this name cannot be declared"),
            (
                "[fields.release_date]\nyear_alone = 'no'",
                "`fields.release_date.year_alone` must be",
            ),
            ("[fields.access]\ntype = 'keyword'", "`fields.access`: this name"),
            ("fields = 1", "`fields` must be a table"),
            ("x", "line 1"),
        ] {
            let error = FilmMapping::parse(text, "").unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn without_a_file_names_are_equal() {
        let mapping = FilmMapping::parse("", "").unwrap();
        assert_eq!(mapping.id, ["id"]);
        assert!(mapping.fields.iter().all(|field| field.name == field.from));
        assert!(mapping.declared().is_empty());
    }

    #[test]
    fn a_file_is_laid_over_the_default() {
        let default =
            "[fields.release_date]\nfrom='creation_date'\n[fields.imdb_rating]\nfrom='rating'\n";
        let file = "[fields.release_date]\nyear_alone='january_1'\n[fields.budget]\ntype='long'\n";
        let mapping = FilmMapping::parse(file, default).unwrap();
        let field = |name: &str| {
            let field = mapping.fields.iter().find(|field| field.name == name).unwrap();
            (field.from.as_str(), field.explicit)
        };
        assert_eq!(field("release_date"), ("creation_date", true));
        assert_eq!(field("imdb_rating"), ("rating", false));
        assert_eq!(field("budget"), ("budget", true));
    }

    #[test]
    fn an_empty_list_of_missing_texts_means_that_every_text_is_a_value() {
        let mapping = FilmMapping::parse("missing = []", "").unwrap();
        assert_eq!(mapping.missing, [] as [&str; 0]);
    }
}
