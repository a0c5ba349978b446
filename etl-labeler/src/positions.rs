//! Which films were changed since a run, by the sequence numbers that Elasticsearch gives to the changes of each
//! shard.

use std::collections::BTreeMap;

use elasticsearch::{indices::IndicesStatsParts, params::Level};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::elastic::{Elastic, ElasticError, read};

/// By index and shard: every change up to this number is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Positions(BTreeMap<String, BTreeMap<String, i64>>);

impl Positions {
    pub(crate) fn indices(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Where the history of each shard is now.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The changes that every copy of a shard has: what a search finds after a refresh.
    pub(crate) complete: Positions,
    /// The last changes.
    last: Positions,
}

impl History {
    /// A query for the films that may have changed since; `None` if none has. The films of an index whose
    /// history is another one, such as one restored from a backup, are all meant.
    pub(crate) fn changed_since(&self, known: &Positions) -> Option<Value> {
        let changed = self.last.0.iter().filter_map(|(index, last)| {
            let same_index = json!({ "term": { "_index": index } });
            let complete = self.complete.0.get(index)?;
            let known = known.0.get(index).filter(|known| is_earlier(known, complete));
            let Some(known) = known else { return Some(same_index) };
            let moved = last
                .iter()
                .filter_map(|(shard, last)| known.get(shard).copied().filter(|known| known < last));
            // Shards fill evenly, so the lowest position finds few films that another shard knows already.
            let from = moved.min()?;
            let later = json!({ "range": { "_seq_no": { "gt": from } } });
            Some(json!({ "bool": { "filter": [same_index, later] } }))
        });
        let changed: Vec<Value> = changed.collect();
        (!changed.is_empty())
            .then(|| json!({ "bool": { "should": changed, "minimum_should_match": 1 } }))
    }
}

/// Whether these are positions in one history, the first not after the second.
fn is_earlier(known: &BTreeMap<String, i64>, complete: &BTreeMap<String, i64>) -> bool {
    known.keys().eq(complete.keys())
        && known.iter().all(|(shard, known)| complete.get(shard).is_some_and(|now| known <= now))
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    indices: BTreeMap<String, IndexStats>,
}

#[derive(Deserialize)]
struct IndexStats {
    shards: BTreeMap<String, Vec<ShardCopy>>,
}

#[derive(Deserialize)]
struct ShardCopy {
    routing: Routing,
    seq_no: SequenceNumbers,
}

#[derive(Deserialize)]
struct Routing {
    primary: bool,
}

#[derive(Deserialize)]
struct SequenceNumbers {
    max_seq_no: i64,
    global_checkpoint: i64,
}

impl Elastic {
    /// The history of every index behind the name.
    pub(crate) async fn history(&self) -> Result<History, ElasticError> {
        let operation = "read the positions of the shards";
        let index = [self.index.as_str()];
        let parts = ["indices.*.shards.*.routing.primary", "indices.*.shards.*.seq_no"];
        let stats = async || {
            let indices = self.client.indices();
            let stats = indices.stats(IndicesStatsParts::Index(&index)).level(Level::Shards);
            stats.filter_path(&parts).send().await
        };
        let response = self.ask(operation, stats).await?;
        let stats: Stats = read(&response, operation)?;
        let mut history = History::default();
        for (index, IndexStats { shards }) in stats.indices {
            let (complete, last) = shards.into_iter().filter_map(positions).unzip();
            history.complete.0.insert(index.clone(), complete);
            history.last.0.insert(index, last);
        }
        Ok(history)
    }
}

/// The complete and the last position of a shard; none while it has no primary.
fn positions((shard, copies): (String, Vec<ShardCopy>)) -> Option<((String, i64), (String, i64))> {
    let primary = copies.into_iter().find(|copy| copy.routing.primary)?.seq_no;
    Some(((shard.clone(), primary.global_checkpoint), (shard, primary.max_seq_no)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(shards: &[(&str, i64)]) -> Positions {
        let shards = shards.iter().map(|(shard, position)| ((*shard).to_owned(), *position));
        Positions(BTreeMap::from([("films".to_owned(), shards.collect())]))
    }

    #[test]
    fn films_behind_the_lowest_position_of_a_moved_shard_may_have_changed() {
        let complete = positions(&[("0", 9), ("1", 20)]);
        let history = History { last: positions(&[("0", 9), ("1", 21)]), complete };
        let since = |shards: &[(&str, i64)]| history.changed_since(&positions(shards));
        let changed = since(&[("0", 9), ("1", 20)]).unwrap().to_string();
        assert!(changed.contains(r#"{"_seq_no":{"gt":20}}"#), "{changed}");
        let changed = since(&[("0", 8), ("1", 20)]).unwrap().to_string();
        assert!(changed.contains(r#"{"_seq_no":{"gt":8}}"#), "{changed}");
    }

    #[test]
    fn nothing_has_changed_at_the_last_positions() {
        let history = History { complete: positions(&[("0", 9)]), last: positions(&[("0", 9)]) };
        assert_eq!(history.changed_since(&positions(&[("0", 9)])), None);
    }

    #[test]
    fn another_history_is_read_as_a_whole() {
        let history = History { complete: positions(&[("0", 9)]), last: positions(&[("0", 9)]) };
        for known in
            [positions(&[("0", 10)]), positions(&[("0", 9), ("1", 0)]), Positions::default()]
        {
            let changed = history.changed_since(&known).unwrap().to_string();
            assert!(changed.contains("_index") && !changed.contains("_seq_no"), "{changed}");
        }
    }
}
