//! What the name of the films stands for: nothing, an index, or an alias, which may show its indices in part
//! (`filter`) and find their films by `routing`.

use std::collections::BTreeMap;

use elasticsearch::indices::IndicesGetAliasParts;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError, read},
};

/// Properties of an alias for one index: `filter`, `index_routing`, `search_routing`, `is_hidden`,
/// `is_write_index`.
pub(super) type Properties = Map<String, Value>;

const WRITE_INDEX: &str = "is_write_index";

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Current {
    Nothing,
    /// An index of that name.
    Index,
    /// An alias of these indices.
    Alias(BTreeMap<String, Properties>),
}

impl Current {
    /// The indices, if they exist.
    pub(super) fn indices<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Index => vec![name],
            Self::Alias(indices) => indices.keys().map(String::as_str).collect(),
        }
    }

    /// The only index, if there is one.
    pub(super) fn single<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match self.indices(name).as_slice() {
            [index] => Some(index),
            _ => None,
        }
    }

    /// How the alias has to show an index that takes the place of the current ones.
    ///
    /// # Errors
    /// [`LabelerError::Target`] if it shows them in different ways.
    pub(super) fn properties(&self, name: &str) -> Result<Properties, LabelerError> {
        let Self::Alias(indices) = self else { return Ok(Properties::new()) };
        let mut shown = indices.values().cloned().map(|mut properties| {
            properties.remove(WRITE_INDEX);
            properties
        });
        let mut properties = shown.next().unwrap_or_default();
        if shown.any(|other| other != properties) {
            return Err(LabelerError::Target(format!(
                "the alias `{name}` has another filter or routing for each of its indices, and one index cannot \
                 replace them"
            )));
        }
        // Of several indices one takes the writes; the new one is alone.
        let mut writes = indices.values().filter_map(|index| index.get(WRITE_INDEX)?.as_bool());
        if let Some(first) = writes.next() {
            properties.insert(WRITE_INDEX.to_owned(), (first || writes.any(|write| write)).into());
        }
        Ok(properties)
    }

    /// The properties of another alias that writes where this one finds it.
    pub(super) fn writing(&self) -> Properties {
        let Self::Alias(indices) = self else { return Properties::new() };
        let routing = indices.values().find_map(|properties| properties.get("index_routing"));
        routing.map(|routing| ("routing".to_owned(), routing.clone())).into_iter().collect()
    }
}

/// The action that adds an index to an alias.
pub(super) fn add(index: &str, alias: &str, mut properties: Properties) -> Value {
    properties.extend([("index".to_owned(), index.into()), ("alias".to_owned(), alias.into())]);
    json!({ "add": properties })
}

impl Elastic {
    /// What a name stands for.
    pub(super) async fn current(&self, name: &str) -> Result<Current, ElasticError> {
        #[derive(Deserialize)]
        struct Index {
            aliases: BTreeMap<String, Properties>,
        }
        let operation = "look up an alias";
        let names = [name];
        let get = async || {
            self.client.indices().get_alias(IndicesGetAliasParts::Index(&names)).send().await
        };
        let mut found = match self.ask(operation, get).await {
            Err(ElasticError::Refused { status: 404, .. }) => return Ok(Current::Nothing),
            answer => read::<BTreeMap<String, Index>>(&answer?, operation)?,
        };
        if found.contains_key(name) {
            return Ok(Current::Index);
        }
        let properties = |index: &mut Index| index.aliases.remove(name).unwrap_or_default();
        let indices = found.iter_mut().map(|(name, index)| (name.clone(), properties(index)));
        Ok(Current::Alias(indices.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(indices: &[(&str, Value)]) -> Current {
        let properties = |value: &Value| value.as_object().unwrap().clone();
        let indices = indices.iter().map(|(name, value)| ((*name).to_owned(), properties(value)));
        Current::Alias(indices.collect())
    }

    #[test]
    fn a_new_index_is_shown_as_the_current_ones_are() {
        let filtered = json!({ "filter": { "term": { "published": true } }, "is_hidden": true });
        let single = alias(&[("a", filtered.clone())]);
        assert_eq!(Value::Object(single.properties("films").unwrap()), filtered);
        let writes =
            alias(&[("a", json!({ WRITE_INDEX: false })), ("b", json!({ WRITE_INDEX: true }))]);
        assert_eq!(json!(writes.properties("films").unwrap()), json!({ WRITE_INDEX: true }));
        let mixed = alias(&[("a", filtered), ("b", json!({}))]);
        assert!(mixed.properties("films").is_err());
    }
}
