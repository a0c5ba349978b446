//! Parses `labels.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::validity::{End, Validity};
use super::{LabelRule, LabelRuleError, LabelRuleFault, Query, TimeBound, combine, query};
use crate::facts::is_uncertain;
use crate::names::{Label, UNLABELLED};

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
    from: Option<String>,
    until: Option<String>,
    all_of: Option<Vec<String>>,
    any_of: Option<Vec<String>>,
    none_of: Option<Vec<String>>,
    #[serde(default)]
    may_shrink: bool,
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
            rule(table, line).and_then(|rule| match first_lines.insert(rule.name.clone(), line) {
                Some(first_line) => Err(LabelRuleFault::Duplicate { first_line }),
                None => Ok(rule),
            });
        rules.push(checked.map_err(|fault| LabelRuleError::Rule { name, line, fault })?);
    }
    let named = |rule: &LabelRule, fault| LabelRuleError::Rule {
        name: rule.name.to_string(),
        line: rule.line,
        fault,
    };
    let sorted = combine::sort(rules).map_err(|failed| {
        let (rule, fault) = *failed;
        named(&rule, fault)
    })?;
    let has_dots =
        |rule: &&LabelRule| rule.time_bound.any() && rule.name.as_str().contains(['.', '=']);
    match sorted.iter().find(has_dots) {
        Some(rule) => Err(named(rule, LabelRuleFault::TimeBoundName)),
        None => Ok(sorted),
    }
}

fn rule(table: toml::Table, line: usize) -> Result<LabelRule, LabelRuleFault> {
    let raw: RawRule = table
        .try_into()
        .map_err(|e: toml::de::Error| LabelRuleFault::Shape(e.message().to_owned()))?;
    let name = Label::parse(&raw.name)?;
    if name.as_str() == UNLABELLED {
        return Err(LabelRuleFault::Reserved);
    }
    if is_uncertain(name.as_str()) {
        return Err(LabelRuleFault::AmbiguousName);
    }
    let query = raw
        .query
        .map(|query| toml_as_json(toml::Value::Table(query)).ok_or(LabelRuleFault::Number));
    let query = query.transpose()?;
    let rule = LabelRule {
        name,
        line,
        query: query.map(Query::parse).transpose()?,
        validity: validity(raw.within, raw.from, raw.until)?,
        all_of: labels("all_of", raw.all_of)?,
        any_of: labels("any_of", raw.any_of)?,
        none_of: labels("none_of", raw.none_of)?,
        may_shrink: raw.may_shrink,
        time_bound: TimeBound::default(),
    };
    let parts: Vec<&Label> = rule.parts().collect();
    if rule.query.is_none() && rule.validity == Validity::default() && parts.is_empty() {
        return Err(LabelRuleFault::Empty);
    }
    match parts
        .iter()
        .enumerate()
        .find(|(at, label)| parts.iter().take(*at).any(|part| part == *label))
    {
        Some((_, label)) => Err(LabelRuleFault::Twice((*label).clone())),
        None => Ok(rule),
    }
}

fn labels(key: &'static str, names: Option<Vec<String>>) -> Result<Vec<Label>, LabelRuleFault> {
    match names {
        None => Ok(Vec::new()),
        Some(names) if names.is_empty() => Err(LabelRuleFault::NoLabels(key)),
        Some(names) => Ok(names.iter().map(|name| Label::parse(name)).collect::<Result<_, _>>()?),
    }
}

fn validity(
    within: Option<RawWithin>,
    from: Option<String>,
    until: Option<String>,
) -> Result<Validity, LabelRuleFault> {
    let from = from.map(|field| date_field("from", field)).transpose()?;
    let end = match (within, until) {
        (Some(_), Some(_)) => return Err(LabelRuleFault::TwoEnds),
        (Some(RawWithin { field, period }), None) => {
            let field = date_field("within.field", field)?;
            Some(End::Within { field, period: period.parse()? })
        }
        (None, Some(field)) => Some(End::Field(date_field("until", field)?)),
        (None, None) => None,
    };
    Ok(Validity { from, end })
}

fn date_field(key: &'static str, field: String) -> Result<String, LabelRuleFault> {
    if field.is_empty() {
        return Err(LabelRuleFault::Field(key));
    }
    query::not_access(&field)?;
    Ok(field)
}

/// Converts TOML to JSON. A date becomes a string, as Elasticsearch expects. `None` if a number is not
/// finite.
#[must_use]
pub fn toml_as_json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)?.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(toml_as_json).collect::<Option<_>>()?)
        }
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| Some((key, toml_as_json(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// The line of a byte offset, counted from 1.
#[must_use]
pub fn line_at(text: &str, offset: usize) -> usize {
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
        assert_eq!(rules.iter().next().unwrap().query.as_ref().unwrap().json(), &expected);
    }

    #[test]
    fn an_invalid_rule_is_reported_with_its_name_and_line() {
        let valid = "[[label]]\nname='good'\nquery={exists={field='id'}}\n";
        let cases = [
            (
                "[[label]]\nname='x'\nquery={exists={field='id'}}\ncolour='red'",
                "label rule `x` (line 4): unknown field `colour`",
            ),
            ("[[label]]\nname='x'", "label rule `x` (line 4): needs a condition: query, within"),
            (
                "[[label]]\nquery={exists={field='id'}}",
                "label rule `#2` (line 4): missing field `name`",
            ),
            (
                "[[label]]\nname='good'\nquery={exists={field='id'}}",
                "label rule `good` (line 4): the rule at line 1 has the same",
            ),
            (
                "[[label]]\nname='Bad'\nquery={exists={field='id'}}",
                "label rule `Bad` (line 4): Invalid label \"Bad\"",
            ),
            (
                "[[label]]\nname='unlabelled'\nquery={exists={field='id'}}",
                "label rule `unlabelled` (line 4): the name `unlabelled`",
            ),
            (
                "[[label]]\nname='a.b'\nwithin={field='d',period='P1D'}",
                "label rule `a.b` (line 4): the name of a label with a validity period",
            ),
            (
                "[[label]]\nname='a=b'\nwithin={field='d',period='P1D'}",
                "label rule `a=b` (line 4): the name of a label with a validity period",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='d',period='3 years'}",
                "label rule `x` (line 4): `within.period`: `3 years`",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='',period='P1D'}",
                "label rule `x` (line 4): `within.field` needs the name of a date field",
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
                "[[label]]\nname='x'\nquery={match_all={}}",
                "label rule `x` (line 4): `match_all` is not a query for label rules",
            ),
            (
                "[[label]]\nname='x'\nwithin={field='d',period='P1D'}\nuntil='e'",
                "label rule `x` (line 4): `within` and `until`",
            ),
            (
                "[[label]]\nname='x'\nfrom='access.labelled_at'",
                "label rule `x` (line 4): `access.labelled_at` is written by the labeler",
            ),
            ("[[label]]\nname='x'\nany_of=[]", "label rule `x` (line 4): `any_of` needs"),
            (
                "[[label]]\nname='x'\nany_of=['good']\nnone_of=['good']",
                "label rule `x` (line 4): `good` is listed twice",
            ),
            (
                "[[label]]\nname='x'\nany_of=['goods']",
                "label rule `x` (line 4): there is no label `goods`; the file defines `good`, `x`",
            ),
            (
                "[[label]]\nname='x'\nall_of=['y']\n[[label]]\nname='y'\nnone_of=['x']",
                "label rule `x` (line 4): depends on itself: x → y → x",
            ),
            (
                "[[label]]\nname='a'\nfrom='d'\nuntil='e'\n[[label]]\nname='x'\nnone_of=['a']",
                "label rule `x` (line 8): `none_of`: `a` has a start and an end",
            ),
            (
                "[[label]]\nname='a'\nfrom='d'\n[[label]]\nname='b'\nuntil='e'\n[[label]]\nname='x'\nany_of=['a','b']",
                "label rule `x` (line 10): `any_of`: the validity periods of `a` and `b`",
            ),
            (
                "[[label]]\nname='a'\nfrom='d'\n[[label]]\nname='x.y'\nany_of=['a','good']",
                "label rule `x.y` (line 7): the name of a label with a validity",
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
