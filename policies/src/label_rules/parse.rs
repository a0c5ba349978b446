//! Parses and validates `labels.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use toml::Spanned;

use super::{LabelRule, PeriodError, ValidityPeriod};
use crate::facts::is_ambiguous;
use crate::names::{Label, NameError, UNLABELLED};

/// Why a `labels.toml` is rejected.
#[derive(Debug, Error)]
pub enum LabelRuleError {
    /// The file as a whole is not valid TOML, or has an unknown table.
    #[error("label rules: {0}")]
    File(#[from] toml::de::Error),
    /// One rule is invalid.
    #[error("label rule `{name}` (line {line}): {fault}")]
    Rule {
        /// The rule's name as written, or its number in the file if it has none.
        name: String,
        /// Line of the file at which the rule starts, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: LabelRuleFault,
    },
}

/// What is wrong with one label rule.
#[derive(Debug, Error)]
pub enum LabelRuleFault {
    /// A key is missing, unknown or of the wrong type.
    #[error("{0}")]
    Shape(String),
    /// The name is not a valid label.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `unlabelled` is the label of films that have not been labelled.
    #[error("the name `unlabelled` is reserved")]
    Reserved,
    /// Films with such a label count as unlabelled.
    #[error(
        "the name must not read as a number with a fraction, an exponent or 19 digits, or as 0"
    )]
    AmbiguousName,
    /// Another rule of the file has the same name.
    #[error("the rule at line {first_line} has the same name")]
    Duplicate {
        /// Line at which that rule starts.
        first_line: usize,
    },
    /// The name of a label with a validity period becomes a field name, in which `.` and `=` have a
    /// meaning of their own.
    #[error("the name of a label with `within` must not contain `.` or `=`")]
    TimeBoundName,
    /// Neither `query` nor `within`.
    #[error("needs a `query`, a `within`, or both")]
    Empty,
    /// The date field has no name.
    #[error("`within.field` is empty")]
    Field,
    /// The period is invalid.
    #[error("`within.period`: {0}")]
    Period(#[from] PeriodError),
    /// The query contains a number that JSON cannot represent (`nan`, `inf`).
    #[error("`query` contains a number that is not finite")]
    Number,
    /// Query names are reserved: they tell the labeler which rule matched.
    #[error("`query` must not contain `_name`")]
    QueryName,
}

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
        let line = line_at(toml, table.span().start);
        let table = table.into_inner();
        let name = match table.get("name") {
            Some(toml::Value::String(name)) => name.clone(),
            _ => format!("#{}", index + 1),
        };
        let checked =
            rule(table).and_then(|rule| match first_lines.insert(rule.name.clone(), line) {
                Some(first_line) => Err(LabelRuleFault::Duplicate { first_line }),
                None => Ok(rule),
            });
        rules.push(checked.map_err(|fault| LabelRuleError::Rule { name, line, fault })?);
    }
    Ok(rules)
}

fn rule(table: toml::Table) -> Result<LabelRule, LabelRuleFault> {
    let raw: RawRule = table
        .try_into()
        .map_err(|e: toml::de::Error| LabelRuleFault::Shape(e.message().to_owned()))?;
    let name = Label::parse(&raw.name)?;
    if name.as_str() == UNLABELLED {
        return Err(LabelRuleFault::Reserved);
    }
    if is_ambiguous(name.as_str()) {
        return Err(LabelRuleFault::AmbiguousName);
    }
    if raw.query.is_none() && raw.within.is_none() {
        return Err(LabelRuleFault::Empty);
    }
    let query = raw.query.map(|query| json(toml::Value::Table(query))).transpose()?;
    let validity = raw.within.map(validity).transpose()?;
    if validity.is_some() && name.as_str().contains(['.', '=']) {
        return Err(LabelRuleFault::TimeBoundName);
    }
    Ok(LabelRule { name, query, validity })
}

fn validity(raw: RawWithin) -> Result<ValidityPeriod, LabelRuleFault> {
    if raw.field.is_empty() {
        return Err(LabelRuleFault::Field);
    }
    Ok(ValidityPeriod { field: raw.field, period: raw.period.parse()? })
}

/// Converts TOML to JSON. A date becomes a string, as Elasticsearch queries expect.
fn json(value: toml::Value) -> Result<Value, LabelRuleFault> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(number).ok_or(LabelRuleFault::Number)?.into()
        }
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) if table.contains_key("_name") => {
            return Err(LabelRuleFault::QueryName);
        }
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| Ok((key, json(value)?)))
                .collect::<Result<_, LabelRuleFault>>()?,
        ),
    })
}

/// The line of a byte offset, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use crate::label_rules::LabelRules;

    fn error(toml: &str) -> String {
        LabelRules::parse(toml).unwrap_err().to_string()
    }

    #[test]
    fn a_query_becomes_json_and_dates_become_strings() {
        let rules = LabelRules::parse(
            "[[label]]\nname='old'\n[label.query.bool]\nmust=[{range={release_date={lt=1970-01-01}}},{term={good=true}}]",
        )
        .unwrap();
        let expected = serde_json::json!({"bool": {"must": [
            {"range": {"release_date": {"lt": "1970-01-01"}}}, {"term": {"good": true}}]}});
        assert_eq!(rules.iter().next().unwrap().query, Some(expected));
    }

    #[test]
    fn an_invalid_rule_is_reported_with_its_name_and_line() {
        let valid = "[[label]]\nname='good'\nquery={match_all={}}\n";
        let cases = [
            (
                "[[label]]\nname='x'\nquery={match_all={}}\ncolour='red'",
                "label rule `x` (line 4): unknown field `colour`",
            ),
            (
                "[[label]]\nname='x'",
                "label rule `x` (line 4): needs a `query`, a `within`, or both",
            ),
            ("[[label]]\nquery={match_all={}}", "label rule `#2` (line 4): missing field `name`"),
            (
                "[[label]]\nname='good'\nquery={match_all={}}",
                "label rule `good` (line 4): the rule at line 1 has the same",
            ),
            (
                "[[label]]\nname='Bad'\nquery={match_all={}}",
                "label rule `Bad` (line 4): Invalid label \"Bad\"",
            ),
            (
                "[[label]]\nname='unlabelled'\nquery={match_all={}}",
                "label rule `unlabelled` (line 4): the name `unlabelled`",
            ),
            (
                "[[label]]\nname='a.b'\nwithin={field='d',period='P1D'}",
                "label rule `a.b` (line 4): the name of a label with `within`",
            ),
            (
                "[[label]]\nname='a=b'\nwithin={field='d',period='P1D'}",
                "label rule `a=b` (line 4): the name of a label with `within`",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='d',period='3 years'}",
                "label rule `x` (line 4): `within.period`: `3 years`",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='',period='P1D'}",
                "label rule `x` (line 4): `within.field` is empty",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='d'}",
                "label rule `x` (line 4): missing field `period`",
            ),
            (
                "[[label]]\nname='x'\nquery={range={r={gt=nan}}}",
                "label rule `x` (line 4): `query` contains a number",
            ),
            (
                "[[label]]\nname='x'\nquery={match_all={_name='y'}}",
                "label rule `x` (line 4): `query` must not contain `_name`",
            ),
        ];
        for (invalid, message) in cases {
            let rejected = error(&format!("{valid}{invalid}"));
            assert!(rejected.starts_with(message), "{rejected}");
        }
        assert!(error("[[label]\nname='x'").contains("line 1"));
        assert!(error("[[labels]]\nname='x'").contains("unknown field `labels`"));
    }
}
