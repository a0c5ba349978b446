//! Filters of searches, evaluated over the films of a question: every side writes them in a language of its own.

use anyhow::{Context, bail};
use serde_json::Value;

use super::data::{Data, Question, film_name};
use crate::json_answer::{list_at, text_at, value_at};

/// A film as a search sees it.
pub(crate) struct Film {
    id: Value,
    labels: Vec<Value>,
}

impl Film {
    fn has(&self, field: &str, value: &Value) -> anyhow::Result<bool> {
        match field {
            "_id" => Ok(self.id == *value),
            "access.labels" => Ok(self.labels.contains(value)),
            _ => bail!("an unknown field: {field}"),
        }
    }
}

/// Whether the filter matches, for each film of the question.
pub(crate) fn films(
    data: &Data,
    question: &Question,
    matches: impl Fn(&Film) -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<bool>> {
    let film = |&film: &usize| Film {
        id: film_name(film).into(),
        labels: data.label_names_of(film).into_iter().map(Value::from).collect(),
    };
    question.films.iter().map(|number| matches(&film(number))).collect()
}

/// A query of Elasticsearch. Labels of the films have no validity period.
pub(crate) fn elasticsearch(query: &Value, film: &Film) -> anyhow::Result<bool> {
    let (kind, body) = query.as_object().and_then(|it| it.iter().next()).context("no query")?;
    let (field, operand) = body.as_object().and_then(|it| it.iter().next()).context("no body")?;
    Ok(match kind.as_str() {
        "bool" => {
            let clauses = |name: &str| body[name].as_array().into_iter().flatten();
            all(clauses("filter"), |clause| elasticsearch(clause, film))?
                && all(clauses("must_not"), |clause| Ok(!elasticsearch(clause, film)?))?
        }
        "exists" => true,
        "range" => false,
        "term" => film.has(field, operand)?,
        "terms" => {
            let mut values = operand.as_array().context("no values")?.iter();
            values.try_fold(false, |found, value| anyhow::Ok(found || film.has(field, value)?))?
        }
        kind => bail!("an unknown query: {kind}"),
    })
}

fn all<'a>(
    mut clauses: impl Iterator<Item = &'a Value>,
    holds: impl Fn(&Value) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    clauses.try_fold(true, |all, clause| Ok(all && holds(clause)?))
}

/// An answer of OPA's Compile API: the films that are excluded, and the labels that are closed.
pub(crate) fn rego(response: &Value, film: &Film) -> anyhow::Result<bool> {
    let excluded = list_at(response, "/result/queries/0/0/terms/2/value")?;
    let closed = list_at(response, "/result/queries/0/1/terms/body/0/terms/2/value")?;
    let is_in = |set: &[Value], value| set.iter().any(|term| term.get("value") == Some(value));
    Ok(!is_in(excluded, &film.id) && !film.labels.iter().any(|label| is_in(closed, label)))
}

/// A plan of Cerbos.
pub(crate) fn cerbos(plan: &Value, film: &Film) -> anyhow::Result<bool> {
    let operator = text_at(plan, "/expression/operator")?;
    let operands = list_at(plan, "/expression/operands")?;
    let list = || list_at(plan, "/expression/operands/1/value");
    Ok(match operator {
        "not" => !cerbos(operands.first().context("no operand")?, film)?,
        "and" => all(operands.iter(), |operand| cerbos(operand, film))?,
        "or" => !all(operands.iter(), |operand| Ok(!cerbos(operand, film)?))?,
        "eq" => *value_at(plan, "/expression/operands/1/value")? == film.id,
        "in" => list()?.contains(&film.id),
        "hasIntersection" => list()?.iter().any(|label| film.labels.contains(label)),
        "isSubset" => {
            let list = list()?;
            film.labels.iter().all(|label| list.contains(label))
        }
        operator => bail!("an unknown operator: {operator}"),
    })
}
