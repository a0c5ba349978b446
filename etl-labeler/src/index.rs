//! The film index: its mapping, of which `access` follows the label rules, and the number of films.

use std::collections::BTreeMap;

use elasticsearch::{
    CountParts, SearchParts,
    indices::{
        IndicesCreateParts, IndicesDeleteParts, IndicesExistsParts, IndicesGetMappingParts,
        IndicesGetParts, IndicesPutMappingParts, IndicesRefreshParts,
    },
};
use policies::label_rules::LabelRules;
use policies::mapping::{INSTANT_FORMAT, mapping_problems};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::LabelerError;
use crate::elastic::{Elastic, ElasticError, body, read};
use crate::import::{UNINDEXED, UNREADABLE_FIELDS};

impl Elastic {
    /// Whether the index exists.
    ///
    /// # Errors
    /// [`ElasticError`] if the request fails.
    pub async fn index_exists(&self) -> Result<bool, ElasticError> {
        let index = [self.index.as_str()];
        let sent = self.client.indices().exists(IndicesExistsParts::Index(&index)).send().await;
        match body(sent, "check whether the index exists").await {
            Ok(_) => Ok(true),
            Err(ElasticError::Refused { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Creates the film index with its mapping.
    ///
    /// # Errors
    /// [`ElasticError`] if the request fails.
    pub async fn create_index(&self, rules: &LabelRules) -> Result<(), ElasticError> {
        let definition = json!({ "mappings": film_mapping(rules, Map::new()) });
        self.create(&definition, "create the index").await
    }

    /// Creates the index with these mappings, settings and aliases.
    pub(crate) async fn create(
        &self,
        definition: &Value,
        operation: &str,
    ) -> Result<(), ElasticError> {
        let indices = self.client.indices();
        let create = indices.create(IndicesCreateParts::Index(&self.index));
        body(create.body(definition).send().await, operation).await.map(drop)
    }

    /// Deletes the index, which must not be an alias.
    pub(crate) async fn delete_index(&self, operation: &str) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let indices = self.client.indices();
        let delete = indices.delete(IndicesDeleteParts::Index(&index));
        body(delete.send().await, operation).await.map(drop)
    }

    /// The same cluster, and another index or alias.
    pub(crate) fn of_index(&self, index: &str) -> Self {
        Self { index: index.to_owned(), ..self.clone() }
    }

    /// Prepares the mapping for the labels of the rules.
    ///
    /// # Errors
    /// [`LabelerError::Mapping`] if a search and a check could differ on films of an index, or
    /// [`ElasticError`] if a request fails.
    pub async fn prepare_mapping(&self, rules: &LabelRules) -> Result<(), LabelerError> {
        let put = self.put_access_mapping(rules).await;
        // It says more about a field that is mapped in another way than Elasticsearch's refusal.
        self.check_mapping().await?;
        Ok(put?)
    }

    /// Checks every index behind the name.
    async fn check_mapping(&self) -> Result<(), LabelerError> {
        let index = [self.index.as_str()];
        let operation = "read the mapping";
        let indices = self.client.indices();
        let get = indices.get(IndicesGetParts::Index(&index)).flat_settings(true);
        let indices = body(get.send().await, operation).await?;
        let indices: Map<String, Value> = read(&indices, operation)?;
        for (index, mapping) in indices {
            if let [first, ..] = mapping_problems(&mapping).as_slice() {
                return Err(LabelerError::Mapping { index, problem: first.clone() });
            }
        }
        Ok(())
    }

    /// Adds `id` and the fields of `access` that the rules need to the mapping. Fields of former rules remain,
    /// since Elasticsearch cannot remove them.
    ///
    /// # Errors
    /// [`ElasticError`] if the index maps them in another way, or the request fails.
    pub async fn put_access_mapping(&self, rules: &LabelRules) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let (id, access) = (json!({ "type": "keyword" }), access_mapping(rules));
        let mapping = json!({ "properties": { "id": id, "access": access } });
        let indices = self.client.indices();
        let put = indices.put_mapping(IndicesPutMappingParts::Index(&index));
        body(put.body(mapping).send().await, "update the mapping of `id` and `access`")
            .await
            .map(drop)
    }

    /// Leaves a value in the mapping of every index behind the name, beside what else is in `_meta`.
    pub(crate) async fn store_meta(&self, key: &str, value: &Value) -> Result<(), ElasticError> {
        for (index, mapping) in self.mappings().await? {
            let meta = mapping.get("_meta").and_then(Value::as_object);
            let mut meta = meta.cloned().unwrap_or_default();
            meta.insert(key.to_owned(), value.clone());
            let index = [index.as_str()];
            let indices = self.client.indices();
            let put = indices.put_mapping(IndicesPutMappingParts::Index(&index));
            let sent = put.body(json!({ "_meta": meta })).send().await;
            body(sent, &format!("store `_meta.{key}` in the mapping")).await?;
        }
        Ok(())
    }

    /// The mapping of each index behind the name.
    pub(crate) async fn mappings(&self) -> Result<BTreeMap<String, Value>, ElasticError> {
        #[derive(Deserialize)]
        struct IndexMapping {
            mappings: Value,
        }
        let operation = "read the mapping";
        let index = [self.index.as_str()];
        let indices = self.client.indices();
        let sent = indices.get_mapping(IndicesGetMappingParts::Index(&index)).send().await;
        let response = match body(sent, operation).await {
            Err(ElasticError::Refused { status: 404, .. }) => {
                return Err(ElasticError::NoIndex(self.index.clone()));
            }
            response => response?,
        };
        let found: BTreeMap<String, IndexMapping> = read(&response, operation)?;
        Ok(found.into_iter().map(|(index, found)| (index, found.mappings)).collect())
    }

    /// Changes aliases in one step.
    pub(crate) async fn change_aliases(&self, actions: &[Value]) -> Result<(), ElasticError> {
        let indices = self.client.indices();
        let update = indices.update_aliases();
        let actions = json!({ "actions": actions });
        body(update.body(actions).send().await, "change the aliases").await.map(drop)
    }

    /// Makes all previous writes visible to searches.
    ///
    /// # Errors
    /// [`ElasticError`] if the request fails.
    pub async fn refresh(&self) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let sent = self.client.indices().refresh(IndicesRefreshParts::Index(&index)).send().await;
        body(sent, "refresh the index").await.map(drop)
    }

    /// The number of films, with these aggregations over them. If there may be none, the response has none, and `A` is an
    /// option.
    pub(crate) async fn aggregate<A: DeserializeOwned>(
        &self,
        aggregations: &Value,
        operation: &str,
    ) -> Result<Aggregated<A>, ElasticError> {
        #[derive(Deserialize)]
        struct Found<A> {
            hits: Hits,
            aggregations: A,
        }
        #[derive(Deserialize)]
        struct Hits {
            total: Total,
        }
        #[derive(Deserialize)]
        struct Total {
            value: u64,
        }
        let search = json!({ "size": 0, "track_total_hits": true, "aggs": aggregations });
        let index = [self.index.as_str()];
        let request =
            self.client.search(SearchParts::Index(&index)).allow_partial_search_results(false);
        let response = body(request.body(search).send().await, operation).await?;
        let Found { hits, aggregations } = read(&response, operation)?;
        Ok(Aggregated { films: hits.total.value, aggregations })
    }

    /// The number of films.
    pub(crate) async fn count(&self) -> Result<u64, ElasticError> {
        self.count_matching(&json!({ "match_all": {} })).await
    }

    /// The number of films that match a query.
    pub(crate) async fn count_matching(&self, query: &Value) -> Result<u64, ElasticError> {
        #[derive(Deserialize)]
        struct CountResponse {
            count: u64,
        }
        let operation = "count films";
        let index = [self.index.as_str()];
        let count = self.client.count(CountParts::Index(&index)).body(json!({ "query": query }));
        let response = body(count.send().await, operation).await?;
        read::<CountResponse>(&response, operation).map(|response| response.count)
    }
}

/// A count of films and aggregations over them.
pub(crate) struct Aggregated<A> {
    pub(crate) films: u64,
    pub(crate) aggregations: A,
}

/// The mapping of an index of films, with these fields besides those of every film. Other fields are stored
/// and not indexed: Elasticsearch never guesses a type, which could refuse later films.
pub(crate) fn film_mapping(rules: &LabelRules, declared: Map<String, Value>) -> Value {
    let mut properties = film_properties(rules);
    properties.extend(declared);
    json!({ "dynamic": false, "properties": properties })
}

fn film_properties(rules: &LabelRules) -> Map<String, Value> {
    let keyword = json!({ "type": "keyword", "ignore_above": 512 });
    let folded = json!({ "type": "keyword", "ignore_above": 512, "normalizer": "lowercase" });
    let searched = json!({ "type": "text", "fields": { "keyword": &keyword } });
    // Titles are also sorted, whatever their case.
    let title = json!({ "type": "text", "fields": { "keyword": keyword, "folded": folded } });
    // `nested` keeps each id together with its name; the copy in the parent serves plain queries such
    // as `{ term = { "genres.id" = … } }`.
    let named = json!({
        "type": "nested", "include_in_parent": true,
        "properties": { "id": { "type": "keyword" }, "name": searched }
    });
    let properties = [
        ("id", json!({ "type": "keyword" })),
        ("title", title),
        ("description", json!({ "type": "text" })),
        ("release_date", json!({ "type": "date", "format": "strict_date" })),
        ("imdb_rating", json!({ "type": "float" })),
        ("mpaa_rating", json!({ "type": "keyword" })),
        ("genres", named.clone()),
        ("directors", named),
        ("access", access_mapping(rules)),
    ];
    let properties = properties.map(|(name, mapping)| (name.to_owned(), mapping));
    properties.into_iter().chain(import_properties()).collect()
}

/// The fields that an import adds to a film, besides those of its source.
pub(crate) fn import_properties() -> Map<String, Value> {
    let properties = [
        (UNINDEXED, json!({ "type": "object", "enabled": false })),
        (UNREADABLE_FIELDS, json!({ "type": "keyword" })),
    ];
    properties.map(|(name, mapping)| (name.to_owned(), mapping)).into_iter().collect()
}

fn access_mapping(rules: &LabelRules) -> Value {
    let instant = json!({ "type": "date", "format": INSTANT_FORMAT });
    let labels: Map<String, Value> =
        rules.time_bound_labels().map(|label| (label.to_string(), instant.clone())).collect();
    let by_label = json!({ "dynamic": "strict", "properties": labels });
    json!({
        "dynamic": "strict",
        "properties": {
            "labels": { "type": "keyword" },
            "from": by_label,
            "until": by_label,
            "rules": { "type": "keyword" },
            "labelled_at": instant,
        }
    })
}
