//! Values of responses, by JSON pointer.

use anyhow::Context;
use serde_json::Value;

pub(crate) fn value_at<'a>(answer: &'a Value, pointer: &str) -> anyhow::Result<&'a Value> {
    answer.pointer(pointer).with_context(|| format!("no {pointer}"))
}

pub(crate) fn bool_at(answer: &Value, pointer: &str) -> anyhow::Result<bool> {
    value_at(answer, pointer)?.as_bool().with_context(|| format!("{pointer} is no boolean"))
}

pub(crate) fn text_at<'a>(answer: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    value_at(answer, pointer)?.as_str().with_context(|| format!("{pointer} is no text"))
}

pub(crate) fn list_at<'a>(answer: &'a Value, pointer: &str) -> anyhow::Result<&'a [Value]> {
    let list = value_at(answer, pointer)?.as_array();
    Ok(list.with_context(|| format!("{pointer} is no list"))?)
}
