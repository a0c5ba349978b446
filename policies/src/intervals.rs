//! A set of class regions as intervals of a keyword field, in byte order.
//!
//! A prefix class is everything that begins with the prefix, less what is named more deeply. As
//! intervals that is exact also for a field with many values, where "begins with x but is not y"
//! would let `y` hide another value.

use serde_json::{Value, json};

use crate::classes::Named;

/// A place between two texts: just before `text`, or just past it and before anything longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    text: String,
    past: bool,
}

/// A run of texts; no edge is the begin or the end of all texts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    from: Option<Edge>,
    to: Option<Edge>,
}

/// Texts of one namespace (`film:`, `label:`), as sorted disjoint intervals without the namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intervals(Vec<Interval>);

/// The least text after everything that begins with `prefix`; none where nothing is after it.
/// UTF-8 sorts as its characters do.
fn after(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            char::MAX => None,
            other => char::from_u32(other as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// Turns into a new state at an edge; none is the begin of all texts.
struct Turn {
    at: Option<Edge>,
    inside: bool,
}

/// Walks named regions in order and notes where membership turns.
struct Sweep {
    turns: Vec<Turn>,
    /// Prefix regions around the place reached, each with its end and its membership.
    open: Vec<(Option<String>, bool)>,
}

impl Sweep {
    fn inside(&self) -> bool {
        self.open.last().is_some_and(|(_, inside)| *inside)
    }

    fn turn(&mut self, at: Option<Edge>, inside: bool) {
        self.turns.push(Turn { at, inside });
    }

    /// Leaves the prefix regions that end at or before `text`; all of them without one.
    fn leave(&mut self, text: Option<&str>) {
        while self.open.len() > 1 {
            let Some((Some(end), _)) = self.open.last() else { break };
            if text.is_some_and(|text| end.as_str() > text) {
                break;
            }
            let at = Edge { text: end.clone(), past: false };
            self.open.pop();
            let inside = self.inside();
            self.turn(Some(at), inside);
        }
    }

    fn enter(&mut self, text: &str, is_prefix: bool, inside: bool) {
        self.leave(Some(text));
        let at = |past| Some(Edge { text: text.to_owned(), past });
        self.turn(at(false), inside);
        if is_prefix {
            self.open.push((after(text), inside));
        } else {
            let around = self.inside();
            self.turn(at(true), around);
        }
    }
}

impl Intervals {
    /// The texts whose class is `inside`. `root`: membership of texts that nothing names; `named`:
    /// what is named in this namespace, cut to what stands after it, in any order.
    pub(crate) fn of<'a>(
        root: bool,
        named: impl IntoIterator<Item = Named<'a>>,
        inside: impl Fn(&Named<'a>) -> bool,
    ) -> Self {
        let mut named: Vec<Named> = named.into_iter().collect();
        // A prefix before the literal of the same text, which lies in it.
        named.sort_unstable_by_key(|n| (n.text, !n.is_prefix));
        let mut sweep = Sweep { turns: Vec::new(), open: vec![(None, root)] };
        sweep.turn(None, root);
        for region in &named {
            sweep.enter(region.text, region.is_prefix, inside(region));
        }
        sweep.leave(None);
        Self::from_turns(sweep.turns)
    }

    fn from_turns(turns: Vec<Turn>) -> Self {
        let mut intervals: Vec<Interval> = Vec::new();
        let mut state = false;
        let mut turns = turns.into_iter().peekable();
        while let Some(turn) = turns.next() {
            // Of several turns at one place the last counts.
            if turns.peek().is_some_and(|next| next.at == turn.at) || turn.inside == state {
                continue;
            }
            state = turn.inside;
            if state {
                intervals.push(Interval { from: turn.at, to: None });
            } else if let Some(open) = intervals.last_mut() {
                open.to = turn.at;
            }
        }
        Self(intervals)
    }

    /// Queries of which one matches exactly the documents with a value of `field` in the set.
    pub(crate) fn queries(&self, field: &str) -> Vec<Value> {
        let mut single = Vec::new();
        let mut queries = Vec::new();
        for interval in &self.0 {
            match (&interval.from, &interval.to) {
                (Some(from), Some(to)) if from.text == to.text => single.push(from.text.as_str()),
                _ => queries.push(interval.query(field)),
            }
        }
        if !single.is_empty() {
            queries.insert(0, json!({ "terms": { field: single } }));
        }
        queries
    }

    /// True when the text lies in the set.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let at = Edge { text: text.into(), past: false };
        let after = self.0.partition_point(|i| i.from.as_ref().is_none_or(|from| *from <= at));
        let last = after.checked_sub(1).and_then(|index| self.0.get(index));
        last.is_some_and(|i| i.to.as_ref().is_none_or(|to| at < *to))
    }
}

impl Interval {
    fn query(&self, field: &str) -> Value {
        let mut range = serde_json::Map::new();
        if let Some(from) = &self.from {
            range.insert(if from.past { "gt" } else { "gte" }.into(), json!(from.text));
        }
        if let Some(to) = &self.to {
            range.insert(if to.past { "lte" } else { "lt" }.into(), json!(to.text));
        }
        if range.is_empty() {
            return json!({ "exists": { "field": field } });
        }
        json!({ "range": { field: range } })
    }
}

#[cfg(test)]
mod tests;
