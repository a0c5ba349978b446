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
use crate::elastic::{Elastic, ElasticError, read};
use crate::import::{UNINDEXED, UNREADABLE_FIELDS};

impl Elastic {
    /// Whether the index exists.
    ///
    /// # Errors
    /// [`ElasticError`] if the request fails.
    pub async fn index_exists(&self) -> Result<bool, ElasticError> {
        let index = [self.index.as_str()];
        let exists =
            async || self.client.indices().exists(IndicesExistsParts::Index(&index)).send().await;
        match self.ask("check whether the index exists", exists).await {
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

    /// Creates the index with these mappings, settings and aliases, unless it exists.
    pub(crate) async fn create(
        &self,
        definition: &Value,
        operation: &str,
    ) -> Result<(), ElasticError> {
        let create = async || {
            let indices = self.client.indices();
            indices.create(IndicesCreateParts::Index(&self.index)).body(definition).send().await
        };
        match self.ask(operation, create).await {
            // By an earlier attempt, or by another process.
            Err(ElasticError::Refused { kind, .. })
                if kind == "resource_already_exists_exception" =>
            {
                Ok(())
            }
            created => created.map(drop),
        }
    }

    /// Deletes the index, which must not be an alias.
    pub(crate) async fn delete_index(&self, operation: &str) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let delete =
            async || self.client.indices().delete(IndicesDeleteParts::Index(&index)).send().await;
        match self.ask(operation, delete).await {
            Err(ElasticError::Refused { status: 404, .. }) => Ok(()),
            deleted => deleted.map(drop),
        }
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
        for (index, definition) in self.definitions().await? {
            if let [first, ..] = mapping_problems(&definition).as_slice() {
                return Err(LabelerError::Mapping { index, problem: first.clone() });
            }
        }
        Ok(())
    }

    /// Mappings, flat settings and aliases of each index behind the name.
    pub(crate) async fn definitions(&self) -> Result<BTreeMap<String, Value>, ElasticError> {
        let index = [self.index.as_str()];
        let operation = "read the definition of the index";
        let get = async || {
            let indices = self.client.indices();
            indices.get(IndicesGetParts::Index(&index)).flat_settings(true).send().await
        };
        match self.ask(operation, get).await {
            Err(ElasticError::Refused { status: 404, .. }) => {
                Err(ElasticError::NoIndex(self.index.clone()))
            }
            found => read(&found?, operation),
        }
    }

    /// Adds `id` and the fields of `access` that the rules need to the mapping. Fields of former rules remain,
    /// since Elasticsearch cannot remove them.
    ///
    /// # Errors
    /// [`ElasticError`] if the index maps them in another way, or the request fails.
    pub async fn put_access_mapping(&self, rules: &LabelRules) -> Result<(), ElasticError> {
        let (id, access) = (json!({ "type": "keyword" }), access_mapping(rules));
        let mapping = json!({ "properties": { "id": id, "access": access } });
        self.put_mapping(&mapping, "update the mapping of `id` and `access`").await
    }

    /// Adds to the mapping of every index behind the name.
    pub(crate) async fn put_mapping(
        &self,
        mapping: &Value,
        operation: &str,
    ) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let put = async || {
            let indices = self.client.indices();
            indices.put_mapping(IndicesPutMappingParts::Index(&index)).body(mapping).send().await
        };
        self.ask(operation, put).await.map(drop)
    }

    /// Leaves a value in the mapping of every index behind the name, beside what else is in `_meta`.
    pub(crate) async fn store_meta(&self, key: &str, value: &Value) -> Result<(), ElasticError> {
        for (index, mapping) in self.mappings().await? {
            let meta = mapping.get("_meta").and_then(Value::as_object);
            let mut meta = meta.cloned().unwrap_or_default();
            meta.insert(key.to_owned(), value.clone());
            let operation = format!("store `_meta.{key}` in the mapping");
            self.of_index(&index).put_mapping(&json!({ "_meta": meta }), &operation).await?;
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
        let get = async || {
            let indices = self.client.indices();
            indices.get_mapping(IndicesGetMappingParts::Index(&index)).send().await
        };
        let response = match self.ask(operation, get).await {
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
        let actions = json!({ "actions": actions });
        let update = async || self.client.indices().update_aliases().body(&actions).send().await;
        self.ask("change the aliases", update).await.map(drop)
    }

    /// Makes all previous writes visible to searches.
    ///
    /// # Errors
    /// [`ElasticError`] if the request fails.
    pub async fn refresh(&self) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let refresh =
            async || self.client.indices().refresh(IndicesRefreshParts::Index(&index)).send().await;
        self.ask("refresh the index", refresh).await.map(drop)
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
        let request = async || {
            let request = self.client.search(SearchParts::Index(&index));
            request.allow_partial_search_results(false).body(&search).send().await
        };
        let response = self.ask(operation, request).await?;
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
        let query = json!({ "query": query });
        let count = async || self.client.count(CountParts::Index(&index)).body(&query).send().await;
        let response = self.ask(operation, count).await?;
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
