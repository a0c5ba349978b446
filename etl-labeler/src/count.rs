//! How many films there are, and how many wait for a run.

use elasticsearch::CountParts;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::elastic::{Elastic, ElasticError, body, read};

impl Elastic {
    /// All films.
    pub(crate) async fn count(&self) -> Result<u64, ElasticError> {
        self.count_matching(json!({ "match_all": {} })).await
    }

    /// Films that carry labels of other rules than those with this hash.
    pub(crate) async fn count_under_other_rules(&self, hash: &str) -> Result<u64, ElasticError> {
        self.count_matching(json!({ "bool": {
            "filter": [{ "exists": { "field": "access.labelled_at" } }],
            "must_not": [{ "term": { "access.rules": hash } }]
        } }))
        .await
    }

    async fn count_matching(&self, query: Value) -> Result<u64, ElasticError> {
        #[derive(Deserialize)]
        struct Answer {
            count: u64,
        }
        let attempt = "count films";
        let index = [self.index.as_str()];
        let count = self.client.count(CountParts::Index(&index)).body(json!({ "query": query }));
        let answer = body(count.send().await, attempt).await?;
        read::<Answer>(&answer, attempt).map(|answer| answer.count)
    }
}
