//! The index of the films: created by `import`, its `access` part kept in step with the label
//! rules.

use elasticsearch::indices::{IndicesCreateParts, IndicesExistsParts, IndicesPutMappingParts};
use policies::label_rules::LabelRules;
use serde_json::{Map, Value, json};

use crate::elastic::{Elastic, ElasticError, body};

/// The instants of `access`: seconds, UTC, one spelling only.
const INSTANT_FORMAT: &str = "strict_date_time_no_millis";

impl Elastic {
    /// Whether the index is there.
    ///
    /// # Errors
    /// [`ElasticError`] when that can't be found out.
    pub async fn index_exists(&self) -> Result<bool, ElasticError> {
        let index = [self.index.as_str()];
        let sent = self.client.indices().exists(IndicesExistsParts::Index(&index)).send().await;
        match body(sent, "look for the index").await {
            Ok(_) => Ok(true),
            Err(ElasticError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates the index of the films with its whole mapping.
    ///
    /// # Errors
    /// [`ElasticError`] when Elasticsearch refuses.
    pub async fn create_index(&self, rules: &LabelRules) -> Result<(), ElasticError> {
        let mapping = json!({ "mappings": { "properties": film_properties(rules) } });
        let indices = self.client.indices();
        let create = indices.create(IndicesCreateParts::Index(&self.index));
        body(create.body(mapping).send().await, "create the index").await.map(drop)
    }

    /// Adds what the rules need to the mapping of `access`. Elasticsearch keeps fields of rules
    /// that are gone.
    ///
    /// # Errors
    /// [`ElasticError`] when the index has an `access` of another kind.
    pub async fn put_access_mapping(&self, rules: &LabelRules) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let mapping = json!({ "properties": { "access": access(rules) } });
        let indices = self.client.indices();
        let put = indices.put_mapping(IndicesPutMappingParts::Index(&index));
        body(put.body(mapping).send().await, "map the films' `access`").await.map(drop)
    }
}

fn film_properties(rules: &LabelRules) -> Value {
    let searched = json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 512 } } });
    // Nested keeps an id beside its own name for lists; the copy in the parent lets plain queries
    // such as `{ term = { "genres.id" = … } }` match.
    let named = json!({
        "type": "nested", "include_in_parent": true,
        "properties": { "id": { "type": "keyword" }, "name": searched }
    });
    json!({
        "id": { "type": "keyword" },
        "title": searched,
        "description": { "type": "text" },
        "release_date": { "type": "date", "format": "strict_date" },
        "imdb_rating": { "type": "float" },
        "mpaa_rating": { "type": "keyword" },
        "genres": named,
        "directors": named,
        "access": access(rules),
    })
}

fn access(rules: &LabelRules) -> Value {
    let instant = json!({ "type": "date", "format": INSTANT_FORMAT });
    let edges: Map<String, Value> =
        rules.time_bound_labels().map(|label| (label.to_string(), instant.clone())).collect();
    let window = json!({ "dynamic": "strict", "properties": edges });
    json!({
        "dynamic": "strict",
        "properties": {
            "labels": { "type": "keyword" },
            "from": window,
            "until": window,
            "rules": { "type": "keyword" },
            "labelled_at": instant,
        }
    })
}
