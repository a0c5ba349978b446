//! Validates the rules against the index before anything is written.

use std::collections::BTreeMap;

use elasticsearch::{FieldCapsParts, SearchParts};
use policies::label_rules::LabelRule;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError, body, read},
    plan::{Plan, named_query},
};

impl Elastic {
    /// Checks that the index exists and accepts every rule. Writes nothing.
    ///
    /// # Errors
    /// [`LabelerError::RuleQuery`] or [`LabelerError::RuleField`] for the first invalid rule,
    /// [`ElasticError::NoIndex`], or another [`ElasticError`].
    pub async fn check(&self, plan: &Plan) -> Result<(), LabelerError> {
        if !self.index_exists().await? {
            return Err(ElasticError::NoIndex(self.index.clone()).into());
        }
        for rule in &plan.rules {
            self.check_query(rule).await?;
            self.check_date_field(rule).await?;
        }
        Ok(())
    }

    async fn check_query(&self, rule: &LabelRule) -> Result<(), LabelerError> {
        let Some(query) = named_query(rule) else { return Ok(()) };
        let index = [self.index.as_str()];
        let search =
            self.client.search(SearchParts::Index(&index)).allow_partial_search_results(false);
        let probe =
            json!({ "size": 0, "terminate_after": 1, "track_total_hits": false, "query": query });
        match body(search.body(probe).send().await, "check a label rule").await {
            Err(ElasticError::Refused { status: 400..=499, reason, .. }) => {
                Err(LabelerError::RuleQuery { rule: rule.name.to_string(), reason })
            }
            response => Ok(response.map(drop)?),
        }
    }

    async fn check_date_field(&self, rule: &LabelRule) -> Result<(), LabelerError> {
        let Some(validity) = &rule.validity else { return Ok(()) };
        if self.is_date(&validity.field).await? {
            return Ok(());
        }
        Err(LabelerError::RuleField { rule: rule.name.to_string(), field: validity.field.clone() })
    }

    async fn is_date(&self, field: &str) -> Result<bool, ElasticError> {
        #[derive(Deserialize)]
        struct FieldCapabilities {
            fields: BTreeMap<String, BTreeMap<String, Value>>,
        }
        let operation = "look up a date field";
        let index = [self.index.as_str()];
        let fields = [field];
        let caps = self.client.field_caps(FieldCapsParts::Index(&index)).fields(&fields);
        let response = body(caps.send().await, operation).await?;
        let response: FieldCapabilities = read(&response, operation)?;
        let types = response.fields.get(field);
        Ok(types
            .is_some_and(|types| types.keys().all(|kind| kind == "date" || kind == "date_nanos")))
    }
}
