//! An index for the films of a test, which lives as long as the test.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use elasticsearch::{BulkParts, SearchParts, params::Refresh};
use policies::{Facts, label_rules::LabelRules, names::Label};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cases::{Case, Cases, Labels};
use crate::{
    LabelerError, bulk_items,
    elastic::{Elastic, ElasticError, read},
    import::AsImported,
    index::film_mapping,
    metrics::Metrics,
    pipeline::{self, Run},
};

/// Films labelled at a time.
const PAGE_SIZE: u16 = 1_000;
/// Elasticsearch's limit of one search.
const MAX_CASES: usize = 10_000;

/// Between the name of the index of films and a unique part.
const INFIX: &str = "-rules-test-";
/// No test takes so long: an index of this age was left behind by a process that was killed.
const LEFT_BEHIND: TimeDelta = TimeDelta::days(1);

/// The index of a test.
pub(super) struct Trial {
    elastic: Elastic,
    /// How films are read; none if they are indexed as they are.
    reader: Option<AsImported>,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source")]
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    access: Value,
}

impl Trial {
    /// Maps films as the index of films does, or as an import would if there is none yet.
    pub(super) async fn create(
        elastic: &Elastic,
        rules: &LabelRules,
    ) -> Result<Self, ElasticError> {
        let name = format!("{}{INFIX}{}", elastic.index, Uuid::new_v4().simple());
        let definition = elastic
            .definition()
            .await?
            .unwrap_or_else(|| json!({ "mappings": film_mapping(rules, Map::new()) }));
        let index = elastic.of_index(&name);
        index.create(&definition, "create the index of the test").await?;
        let reader = definition.get("mappings").and_then(AsImported::new);
        Ok(Self { elastic: index, reader })
    }

    /// Deletes the indices of tests that were killed.
    pub(super) async fn delete_left_behind(
        elastic: &Elastic,
        now: DateTime<Utc>,
    ) -> Result<(), ElasticError> {
        let prefix = format!("{}{INFIX}", elastic.index);
        let found = elastic.of_index(&format!("{prefix}*")).definitions().await?;
        for (name, definition) in found {
            let is_test = name.strip_prefix(&prefix).is_some_and(|id| Uuid::try_parse(id).is_ok());
            let created = definition.pointer("/settings/index.creation_date");
            let created = created.and_then(|at| at.as_str()?.parse().ok());
            let created = created.and_then(DateTime::from_timestamp_millis);
            if is_test && created.is_some_and(|created| now - created > LEFT_BEHIND) {
                elastic.of_index(&name).delete_index("delete the index of an earlier test").await?;
            }
        }
        Ok(())
    }

    /// The labels that are active on the film of each case, if it was labelled.
    pub(super) async fn label(
        &self,
        rules: &LabelRules,
        cases: &Cases,
        at: DateTime<Utc>,
    ) -> Result<Vec<Labels>, LabelerError> {
        self.write(&cases.list).await?;
        let run = Run {
            elastic: &self.elastic,
            rules,
            page_size: PAGE_SIZE,
            loss_limit: None,
            counters: &Metrics::new().films,
            stop: &CancellationToken::new(),
        };
        pipeline::run(&run, at).await?;
        let time_bound: Vec<Label> = rules.time_bound_labels().cloned().collect();
        let labelled = self.read().await?;
        let active = |case: &Case| {
            let access =
                labelled.get(&case.id).filter(|access| access.get("labelled_at").is_some())?;
            let facts = Facts::access(access, &time_bound, at);
            let mut labels: Vec<_> = facts.active().iter().map(ToString::to_string).collect();
            labels.sort_unstable();
            Some(labels)
        };
        Ok(cases.list.iter().map(active).collect())
    }

    async fn write(&self, cases: &[Case]) -> Result<(), LabelerError> {
        if cases.len() > MAX_CASES {
            return Err(LabelerError::Target(format!("a file has at most {MAX_CASES} cases")));
        }
        let operation = "write the films of the test";
        let mut lines = Vec::with_capacity(cases.len() * 2);
        for case in cases {
            lines.push(json!({ "index": { "_id": case.id } }).to_string());
            lines.push(self.document(case)?);
        }
        let bulk = async || {
            let bulk = self.elastic.client.bulk(BulkParts::Index(&self.elastic.index));
            bulk.refresh(Refresh::True).body(lines.iter().collect()).send().await
        };
        let written = self.elastic.ask(operation, bulk).await?;
        let written = bulk_items::results(&written, operation)?;
        let refused = cases.iter().zip(written).find_map(|(case, item)| {
            let error = item.error?;
            Some(format!("line {}, case {:?}: {error}", case.line, case.name))
        });
        refused.map_or(Ok(()), |refused| Err(LabelerError::Target(refused)))
    }

    fn document(&self, Case { film, line, name, .. }: &Case) -> Result<String, LabelerError> {
        let Some(reader) = &self.reader else { return Ok(json!(film).to_string()) };
        let bad = |bad| LabelerError::Target(format!("line {line}, case {name:?}: {bad}"));
        reader.document(film).map_err(bad)
    }

    /// `access` by id.
    async fn read(&self) -> Result<BTreeMap<String, Value>, ElasticError> {
        let operation = "read the films of the test";
        let index = [self.elastic.index.as_str()];
        let all = json!({ "size": MAX_CASES, "_source": ["access"] });
        let search =
            async || self.elastic.client.search(SearchParts::Index(&index)).body(&all).send().await;
        let found = self.elastic.ask(operation, search).await?;
        let found: Found = read(&found, operation)?;
        Ok(found.hits.hits.into_iter().map(|hit| (hit.id, hit.source.access)).collect())
    }

    pub(super) async fn delete(self) -> Result<(), ElasticError> {
        self.elastic.delete_index("delete the index of the test").await
    }
}

impl Elastic {
    /// The mapping and the analyzers of the first index behind the name, for another index like it.
    async fn definition(&self) -> Result<Option<Value>, ElasticError> {
        let indices = match self.definitions().await {
            Err(ElasticError::NoIndex(_)) => return Ok(None),
            indices => indices?,
        };
        Ok(indices.into_iter().next().map(|(_, mut index)| {
            if let Some(mappings) = index.get_mut("mappings").and_then(Value::as_object_mut) {
                mappings.remove("_meta");
            }
            let settings = index.get("settings").and_then(Value::as_object);
            let analysis = settings.into_iter().flatten();
            let analysis = analysis.filter(|(name, _)| name.starts_with("index.analysis."));
            let settings: Map<_, _> = analysis.map(|(k, v)| (k.clone(), v.clone())).collect();
            json!({ "mappings": index.get("mappings"), "settings": settings })
        }))
    }
}
