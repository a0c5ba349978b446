//! Validates the rules against the index before anything is written.

use elasticsearch::SearchParts;
use policies::label_rules::{FieldTest, FieldUse, LabelRule, Query};
use serde_json::json;

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError},
    mapping::Mapping,
    plan::{Plan, named_query},
};

impl Elastic {
    /// Checks that the index exists, maps every field as the rules mean it, and accepts every query. Writes
    /// nothing.
    ///
    /// # Errors
    /// [`LabelerError::RuleField`] or [`LabelerError::RuleQuery`] for the first invalid rule,
    /// [`ElasticError::NoIndex`], or another [`ElasticError`].
    pub async fn check(&self, plan: &Plan) -> Result<(), LabelerError> {
        let mappings: Vec<_> = self.definitions().await?.values().map(Mapping::read).collect();
        for rule in plan.rules() {
            for mapping in &mappings {
                check_fields(mapping, rule)?;
            }
            self.check_query(rule).await?;
        }
        Ok(())
    }

    async fn check_query(&self, rule: &LabelRule) -> Result<(), LabelerError> {
        let Some(query) = named_query(rule) else { return Ok(()) };
        let index = [self.index.as_str()];
        let probe =
            json!({ "size": 0, "terminate_after": 1, "track_total_hits": false, "query": query });
        let search = async || {
            let search = self.client.search(SearchParts::Index(&index));
            search.allow_partial_search_results(false).body(&probe).send().await
        };
        match self.ask("check a label rule", search).await {
            Err(ElasticError::Refused { status: 400, reason, .. }) => {
                Err(LabelerError::RuleQuery {
                    rule: rule.name.to_string(),
                    line: rule.line,
                    reason,
                })
            }
            response => Ok(response.map(drop)?),
        }
    }
}

/// Every index behind an alias has to map the fields that way.
fn check_fields(mapping: &Mapping, rule: &LabelRule) -> Result<(), LabelerError> {
    fields(rule).try_for_each(|used| mapping.check(&used)).map_err(|fault| {
        LabelerError::RuleField { rule: rule.name.to_string(), line: rule.line, fault }
    })
}

/// Every use of a field in a rule.
pub(crate) fn fields(rule: &LabelRule) -> impl Iterator<Item = FieldUse> {
    let in_query = rule.query.iter().flat_map(Query::fields).cloned();
    let dates = rule.validity.fields().map(|field| FieldUse {
        field: field.to_owned(),
        nested: None,
        test: FieldTest::Date,
    });
    in_query.chain(dates)
}
