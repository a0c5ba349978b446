//! The index that an import writes to, and the aliases that lead to it.
//!
//! Readers use one name, an alias. An import writes through another, `<name>-import`, which exists only as
//! long as its index: if the index is deleted, the alias is gone, and Elasticsearch refuses the rest
//! instead of creating an index with a mapping of its own guess.

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    current::{Current, add},
    mapping::FilmMapping,
};
use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError},
    index::{film_mapping, import_properties},
    loss::LAST_RUN,
};

/// Where an import writes.
pub(super) struct Target {
    /// The index itself.
    pub(super) elastic: Elastic,
    /// The alias to write through.
    pub(super) writer: String,
    /// The name that readers use.
    name: String,
    /// What it named when the import started.
    current: Current,
    /// Lines that earlier parts of a replacement have skipped, if they left it.
    skipped_before: Option<u64>,
}

/// Key within `_meta` of the mapping of a replacement.
const SKIPPED: &str = "skipped_lines";

/// Which index an import is for.
pub(super) struct Choice {
    /// A new index, which replaces the current one when it is complete.
    pub(super) replace: bool,
    /// Go on with an import that was stopped.
    pub(super) go_on: bool,
}

/// The alias through which films are written.
pub(super) fn writer(name: &str) -> String {
    format!("{name}-import")
}

impl Target {
    /// Chooses or creates the index, with its mapping, and leads the alias for writing to it.
    pub(super) async fn prepare(
        elastic: &Elastic,
        choice: &Choice,
        mapping: &FilmMapping,
        rules: &LabelRules,
        now: DateTime<Utc>,
    ) -> Result<Self, LabelerError> {
        let name = elastic.index.clone();
        let writer = writer(&name);
        let current = elastic.current(&name).await?;
        if choice.replace {
            // Before hours of work for an index that cannot replace the current ones.
            current.properties(&name)?;
        }
        let unfinished = elastic.unfinished(&writer, &current, &name).await?;
        let index = match (&current, unfinished, choice) {
            (_, Some(unfinished), Choice { replace: true, go_on: true }) => {
                // It may have been killed before it ended an earlier import.
                elastic.detach(&writer, Some(&unfinished)).await?;
                unfinished
            }
            (_, None, Choice { replace: true, go_on: true }) => {
                return Err(LabelerError::Target(format!(
                    "`{name}` has no unfinished replacement to go on with"
                )));
            }
            (_, Some(unfinished), Choice { replace: false, .. }) => {
                return Err(unfinished_replacement(&unfinished, &name));
            }
            (Current::Nothing, None, Choice { replace: false, go_on: true }) => {
                return Err(LabelerError::Target(format!(
                    "there is no index `{name}` with the lines before; import from the start, without --from-line"
                )));
            }
            (Current::Nothing, None, _) | (_, _, Choice { replace: true, .. }) => {
                // Two imports may start within a second.
                let (at, unique) = (now.format("%Y%m%dt%H%M%S"), Uuid::new_v4().simple());
                let index = format!("{name}-{at}-{unique}");
                let mut aliases = Map::from_iter([(writer.clone(), json!(current.writing()))]);
                if !choice.replace {
                    aliases.insert(name.clone(), json!({}));
                }
                let mapping = film_mapping(rules, mapping.declared());
                let definition = json!({ "mappings": mapping, "aliases": aliases });
                elastic.delete_unfinished(&writer, &current, &name).await?;
                elastic.of_index(&index).create(&definition, "create the index").await?;
                elastic.detach(&writer, Some(&index)).await?;
                if !matches!(current, Current::Nothing) {
                    elastic.carry_counts(&index).await?;
                }
                index
            }
            (current, None, _) => {
                let index = current.single(&name).ok_or_else(|| {
                    LabelerError::Target(format!(
                        "`{name}` is an alias of several indices; import with --replace"
                    ))
                })?;
                elastic.extend(index, mapping, rules).await?;
                elastic.change_aliases(&[add(index, &writer, current.writing())]).await?;
                index.to_owned()
            }
        };
        let elastic = elastic.of_index(&index);
        let skipped_before = elastic.take_skipped(choice).await?;
        Ok(Self { elastic, writer, name, current, skipped_before })
    }

    /// The index as films are written to it: by the alias, which may have a routing.
    pub(super) fn written(&self) -> Elastic {
        self.elastic.of_index(&self.writer)
    }

    /// Leaves to a later part of the replacement how many lines were skipped until now; returns it, or `None`
    /// if an earlier part did not leave it.
    pub(super) async fn add_skipped(&self, skipped: u64) -> Result<Option<u64>, ElasticError> {
        let skipped = self.skipped_before.map(|before| before + skipped);
        self.elastic.store_meta(SKIPPED, &json!(skipped)).await?;
        Ok(skipped)
    }

    /// Leaves an import that was stopped: a replacement can be gone on with.
    pub(super) async fn stop(&self, choice: &Choice, skipped: u64) -> Result<(), ElasticError> {
        if choice.replace {
            self.add_skipped(skipped).await.map(drop)
        } else {
            self.release().await
        }
    }

    /// Checks that the name still leads to the index, and to no other.
    pub(super) async fn check_current(&self) -> Result<(), LabelerError> {
        let Self { elastic, name, .. } = self;
        let current = elastic.current(name).await?;
        if current.single(name) == Some(elastic.index.as_str()) {
            return Ok(());
        }
        Err(self.led_elsewhere())
    }

    /// The alias for writing exists as long as its index.
    pub(super) fn explain(&self, error: LabelerError) -> LabelerError {
        match error {
            LabelerError::Elastic(
                ElasticError::Refused { status: 404, .. } | ElasticError::NoIndex(_),
            ) => LabelerError::IndexDeleted(self.elastic.index.clone()),
            error => error,
        }
    }

    /// Ends writing to an index that readers see already.
    pub(super) async fn release(&self) -> Result<(), ElasticError> {
        let remove = json!({ "remove": { "index": self.elastic.index, "alias": self.writer } });
        match self.elastic.change_aliases(&[remove]).await {
            // By an earlier attempt whose answer was lost.
            Err(ElasticError::Refused { kind, .. }) if kind == "aliases_not_found_exception" => {
                Ok(())
            }
            released => released,
        }
    }

    /// Leads readers to the new index, in one step, with the filter and the routing that the alias has. The
    /// index that they used until now stays behind `<name>-previous`, so that searches in progress end well
    /// and the step can be taken back; the one before it is deleted.
    ///
    /// # Errors
    /// [`LabelerError::Target`] if the name stands for something else than at the start: what
    /// another program has led readers to is not taken away from them.
    pub(super) async fn switch(&self) -> Result<(), LabelerError> {
        let Self { elastic, writer, name, .. } = self;
        let current = elastic.current(name).await?;
        if current.indices(name) != self.current.indices(name) {
            return Err(self.led_elsewhere());
        }
        let mut actions = vec![
            json!({ "remove": { "index": elastic.index, "alias": writer } }),
            add(&elastic.index, name, current.properties(name)?),
        ];
        actions.extend(self.leave(&current).await?);
        let refused = match elastic.change_aliases(&actions).await {
            Ok(()) => None,
            // An index that the name must have is gone from it: then none of the actions were done. Or all
            // of them were by an earlier attempt, whose answer was lost.
            Err(error @ ElasticError::Refused { status: 400 | 404, .. }) => Some(error),
            Err(error) => return Err(error.into()),
        };
        self.check_current().await.map_err(|elsewhere| match refused {
            Some(error @ ElasticError::Refused { status: 400, .. }) => error.into(),
            _ => elsewhere,
        })
    }

    /// The actions by which readers leave what they use now.
    async fn leave(&self, current: &Current) -> Result<Vec<Value>, ElasticError> {
        let Self { elastic, name, .. } = self;
        let indices = match current {
            Current::Nothing => return Ok(Vec::new()),
            // An alias cannot have the name of an index that exists.
            Current::Index => return Ok(vec![json!({ "remove_index": { "index": name } })]),
            Current::Alias(indices) => indices,
        };
        let previous = format!("{name}-previous");
        let mut actions = Vec::new();
        if let Current::Alias(older) = elastic.current(&previous).await? {
            let older = older.keys().filter(|older| !indices.contains_key(*older));
            actions.extend(older.map(|index| json!({ "remove_index": { "index": index } })));
        }
        for (index, properties) in indices {
            let remove = json!({ "index": index, "alias": name, "must_exist": true });
            actions.push(json!({ "remove": remove }));
            actions.push(add(index, &previous, properties.clone()));
        }
        Ok(actions)
    }

    fn led_elsewhere(&self) -> LabelerError {
        LabelerError::Target(format!(
            "`{}` was led to another index in the meantime; repeat the command",
            self.name
        ))
    }
}

/// No process writes to it any more, since this one has the lease; whether it is still wanted, only the operator
/// knows.
fn unfinished_replacement(index: &str, name: &str) -> LabelerError {
    LabelerError::Target(format!(
        "a replacement of `{name}` was stopped, and its films are in the index `{index}`. To go on with it: \
         etl-labeler import FILE --replace --from-line N, with the line that it named. To start again: etl-labeler \
         import FILE --replace. To discard it: curl -X DELETE $ELASTICSEARCH_URL/{index}"
    ))
}

impl Elastic {
    /// The index of a replacement that was stopped: behind the alias for writing, and not behind the name.
    async fn unfinished(
        &self,
        writer: &str,
        current: &Current,
        name: &str,
    ) -> Result<Option<String>, ElasticError> {
        let written = self.current(writer).await?;
        let read = current.indices(name);
        let unfinished = written.indices(writer).into_iter().find(|index| !read.contains(index));
        Ok(unfinished.map(str::to_owned))
    }

    async fn delete_unfinished(
        &self,
        writer: &str,
        current: &Current,
        name: &str,
    ) -> Result<(), ElasticError> {
        let Some(index) = self.unfinished(writer, current, name).await? else { return Ok(()) };
        self.of_index(&index).delete_index("delete an unfinished index").await
    }

    /// Prepares an index that exists. Films that it holds would not be found by a field that is new, so
    /// declaring one is refused.
    async fn extend(
        &self,
        index: &str,
        mapping: &FilmMapping,
        rules: &LabelRules,
    ) -> Result<(), LabelerError> {
        let elastic = self.of_index(index);
        let mappings = elastic.mappings().await?;
        let present = mappings.get(index).and_then(|mapping| mapping.get("properties"));
        for (field, declared) in mapping.declared() {
            let present = present.and_then(|present| present.get(&field));
            if present.and_then(|present| present.get("type")) != declared.get("type") {
                return Err(LabelerError::Target(format!(
                    "the index has no field `{field}` of this type, and films that are in it already would not be \
                     found by it; import all films again with --replace"
                )));
            }
            // As imports of earlier versions declared dates.
            if present.and_then(|present| present.get("format")) == Some(&json!("strict_date")) {
                return Err(LabelerError::Target(format!(
                    "the index maps `{field}` as a day without a time, which would end an embargo early; import all \
                     films again with --replace"
                )));
            }
        }
        elastic.prepare_mapping(rules).await?;
        let request = json!({ "dynamic": false, "properties": import_properties() });
        Ok(elastic.put_mapping(&request, "update the mapping").await?)
    }

    /// How many lines the earlier parts of a replacement have skipped. It is unknown until this part leaves
    /// it: a part that is killed may have skipped more.
    async fn take_skipped(&self, choice: &Choice) -> Result<Option<u64>, ElasticError> {
        if !choice.replace {
            return Ok(Some(0));
        }
        let mapping = self.mappings().await?.remove(&self.index);
        let left = mapping.and_then(|mapping| mapping.pointer("/_meta")?.get(SKIPPED)?.as_u64());
        self.store_meta(SKIPPED, &Value::Null).await?;
        Ok(if choice.go_on { left } else { Some(0) })
    }

    /// Ends writing through an alias to any index but one.
    pub(super) async fn detach(
        &self,
        writer: &str,
        except: Option<&str>,
    ) -> Result<(), ElasticError> {
        let written = self.current(writer).await?;
        let others = written.indices(writer).into_iter().filter(|index| except != Some(index));
        let remove: Vec<Value> =
            others.map(|index| json!({ "remove": { "index": index, "alias": writer } })).collect();
        if remove.is_empty() { Ok(()) } else { self.change_aliases(&remove).await }
    }

    /// Leaves the counts of the current index to a new one, for the loss limit.
    async fn carry_counts(&self, index: &str) -> Result<(), ElasticError> {
        let Some(counts) = self.last_run().await? else { return Ok(()) };
        self.of_index(index).store_meta(LAST_RUN, &json!(counts)).await
    }
}
