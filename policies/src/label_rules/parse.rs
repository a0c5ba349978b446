//! From the text of `labels.toml` to checked rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{LabelRule, LabelRuleError, Within, error::RuleFault};
use crate::names::Label;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    label: Vec<Spanned<toml::Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    query: Option<toml::Table>,
    within: Option<RawWithin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWithin {
    field: String,
    period: String,
}

pub(super) fn rules(toml: &str) -> Result<Vec<LabelRule>, LabelRuleError> {
    let file: File = toml::from_str(toml)?;
    let mut first_lines = BTreeMap::new();
    let mut rules = Vec::with_capacity(file.label.len());
    for (index, table) in file.label.into_iter().enumerate() {
        let line = line_of(toml, table.span().start);
        let table = table.into_inner();
        let name = match table.get("name") {
            Some(toml::Value::String(name)) => name.clone(),
            _ => format!("#{}", index + 1),
        };
        let checked =
            rule(table).and_then(|rule| match first_lines.insert(rule.name.clone(), line) {
                Some(first_line) => Err(RuleFault::Repeated { first_line }),
                None => Ok(rule),
            });
        rules.push(checked.map_err(|fault| LabelRuleError::Rule { name, line, fault })?);
    }
    Ok(rules)
}

fn rule(table: toml::Table) -> Result<LabelRule, RuleFault> {
    let raw: RawRule =
        table.try_into().map_err(|e: toml::de::Error| RuleFault::Shape(e.message().to_owned()))?;
    let name = Label::parse(&raw.name).map_err(|e| RuleFault::Name(e.to_string()))?;
    if name.as_str() == "unlabelled" {
        return Err(RuleFault::Reserved);
    }
    if raw.query.is_none() && raw.within.is_none() {
        return Err(RuleFault::Empty);
    }
    let query = raw.query.map(|query| json(toml::Value::Table(query))).transpose()?;
    let within = raw.within.map(within).transpose()?;
    if within.is_some() && name.as_str().contains(['.', '=']) {
        return Err(RuleFault::WindowedName);
    }
    Ok(LabelRule { name, query, within })
}

fn within(raw: RawWithin) -> Result<Within, RuleFault> {
    if raw.field.is_empty() {
        return Err(RuleFault::Field);
    }
    Ok(Within { field: raw.field, period: raw.period.parse()? })
}

/// A bare TOML date becomes a string, which is what an Elasticsearch query takes.
fn json(value: toml::Value) -> Result<Value, RuleFault> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(number).ok_or(RuleFault::Number)?.into()
        }
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) if table.contains_key("_name") => {
            return Err(RuleFault::QueryName);
        }
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| Ok((key, json(value)?)))
                .collect::<Result<_, RuleFault>>()?,
        ),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
