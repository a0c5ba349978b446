//! A set of names as intervals of a keyword field, in byte order.
//!
//! The class of a prefix holds every name that starts with it, except those of narrower patterns. As
//! intervals this is exact even for a field with several values, where "starts with x but is not y"
//! would let `y` hide another value.

use serde_json::{Value, json};

use crate::classes::PatternClass;

/// A position between two texts: just before `text`, or just after it and before anything longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    text: String,
    after: bool,
}

/// A range of texts; `None` stands for an open end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    from: Option<Bound>,
    to: Option<Bound>,
}

/// A set of names of one namespace (`film:`, `label:`), as sorted disjoint intervals. The names exclude
/// the namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Intervals(Vec<Interval>);

/// The smallest text after all texts that start with `prefix`; `None` if there is none. UTF-8 sorts like
/// its characters.
fn successor(prefix: &str) -> Option<String> {
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

/// A change of membership at a bound; `None` is the start of all texts.
struct Transition {
    at: Option<Bound>,
    inside: bool,
}

/// Visits patterns in order and records where membership changes.
struct Sweep {
    transitions: Vec<Transition>,
    /// The prefixes around the current position, outermost first.
    open: Vec<OpenPrefix>,
}

struct OpenPrefix {
    /// Where the prefix ends; `None` if it extends to the end of all texts.
    end: Option<String>,
    inside: bool,
}

impl Sweep {
    fn inside(&self) -> bool {
        self.open.last().is_some_and(|prefix| prefix.inside)
    }

    fn transition(&mut self, at: Option<Bound>, inside: bool) {
        self.transitions.push(Transition { at, inside });
    }

    /// Leaves the prefixes that end at or before `text`, or all that end if it is `None`.
    fn leave(&mut self, text: Option<&str>) {
        while self.open.len() > 1 {
            let Some(OpenPrefix { end: Some(end), .. }) = self.open.last() else { break };
            if text.is_some_and(|text| end.as_str() > text) {
                break;
            }
            let at = Bound { text: end.clone(), after: false };
            self.open.pop();
            let inside = self.inside();
            self.transition(Some(at), inside);
        }
    }

    fn enter(&mut self, class: &PatternClass, inside: bool) {
        self.leave(Some(class.text));
        let at = |after| Some(Bound { text: class.text.to_owned(), after });
        self.transition(at(false), inside);
        if class.is_prefix {
            self.open.push(OpenPrefix { end: successor(class.text), inside });
        } else {
            let around = self.inside();
            self.transition(at(true), around);
        }
    }
}

impl Intervals {
    /// The names whose class is `inside`. `root` is the membership of names that no pattern covers;
    /// `classes` are the patterns within the namespace, without it, in any order.
    pub(super) fn of<'a>(
        root: bool,
        classes: impl IntoIterator<Item = PatternClass<'a>>,
        inside: impl Fn(&PatternClass<'a>) -> bool,
    ) -> Self {
        let mut classes: Vec<PatternClass> = classes.into_iter().collect();
        // A prefix sorts before the literal with the same text, which it covers.
        classes.sort_unstable_by_key(|class| (class.text, !class.is_prefix));
        let everything = OpenPrefix { end: None, inside: root };
        let mut sweep = Sweep { transitions: Vec::new(), open: vec![everything] };
        sweep.transition(None, root);
        for class in &classes {
            sweep.enter(class, inside(class));
        }
        sweep.leave(None);
        Self::from_transitions(sweep.transitions)
    }

    fn from_transitions(transitions: Vec<Transition>) -> Self {
        let mut intervals: Vec<Interval> = Vec::new();
        let mut inside = false;
        let mut transitions = transitions.into_iter().peekable();
        while let Some(Transition { at, inside: next }) = transitions.next() {
            // Of several transitions at one bound, the last is decisive.
            if transitions.peek().is_some_and(|later| later.at == at) || next == inside {
                continue;
            }
            inside = next;
            if inside {
                intervals.push(Interval { from: at, to: None });
            } else if let Some(open) = intervals.last_mut() {
                open.to = at;
            }
        }
        Self(intervals)
    }

    /// Queries that together match exactly the documents with a value of `field` in the set.
    pub(super) fn queries(&self, field: &str) -> Vec<Value> {
        let mut texts = Vec::new();
        let mut queries = Vec::new();
        for interval in &self.0 {
            match (&interval.from, &interval.to) {
                (Some(from), Some(to)) if from.text == to.text => texts.push(from.text.as_str()),
                _ => queries.push(interval.query(field)),
            }
        }
        if !texts.is_empty() {
            queries.insert(0, json!({ "terms": { field: texts } }));
        }
        queries
    }

    /// Whether the text is in the set.
    pub(super) fn contains(&self, text: &str) -> bool {
        let at = Bound { text: text.into(), after: false };
        let index = self.0.partition_point(|i| i.from.as_ref().is_none_or(|from| *from <= at));
        let last = index.checked_sub(1).and_then(|index| self.0.get(index));
        last.is_some_and(|i| i.to.as_ref().is_none_or(|to| at < *to))
    }
}

impl Interval {
    fn query(&self, field: &str) -> Value {
        let mut range = serde_json::Map::new();
        if let Some(from) = &self.from {
            range.insert(if from.after { "gt" } else { "gte" }.into(), json!(from.text));
        }
        if let Some(to) = &self.to {
            range.insert(if to.after { "lte" } else { "lt" }.into(), json!(to.text));
        }
        if range.is_empty() {
            return json!({ "exists": { "field": field } });
        }
        json!({ "range": { field: range } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(text: &str, is_prefix: bool, id: u32) -> PatternClass<'_> {
        PatternClass { text, is_prefix, id }
    }

    #[test]
    fn a_prefix_without_its_exceptions_is_a_union_of_ranges() {
        let classes = [class("x-", true, 1), class("x-ok", false, 0)];
        let set = Intervals::of(false, classes, |n| n.id == 1);
        assert_eq!(
            set.queries("l"),
            [
                json!({"range": {"l": {"gte": "x-", "lt": "x-ok"}}}),
                json!({"range": {"l": {"gt": "x-ok", "lt": "x."}}}),
            ]
        );
    }

    #[test]
    fn everything_except_one_name_is_open_at_both_ends() {
        let set = Intervals::of(true, [class("m", false, 0)], |_| false);
        assert_eq!(
            set.queries("l"),
            [json!({"range": {"l": {"lt": "m"}}}), json!({"range": {"l": {"gt": "m"}}}),]
        );
        let all = Intervals::of(true, [class("m", false, 1)], |_| true);
        assert_eq!(all.queries("l"), [json!({"exists": {"field": "l"}})]);
    }

    #[test]
    fn the_successor_of_a_prefix_is_valid_utf_8() {
        assert_eq!(successor("x-").as_deref(), Some("x."));
        assert_eq!(successor("é").as_deref(), Some("ê"));
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
    }

    /// Matches one of [`Intervals::queries`] against a value, as Elasticsearch does.
    fn matches(query: &Value, name: &str) -> bool {
        if let Some(names) = query.pointer("/terms/l") {
            return names.as_array().unwrap().iter().any(|other| other == name);
        }
        let Some(range) = query.pointer("/range/l") else { return query.get("exists").is_some() };
        range.as_object().unwrap().iter().all(|(bound, text)| {
            let text = text.as_str().unwrap();
            match bound.as_str() {
                "gt" => name > text,
                "gte" => name >= text,
                "lt" => name < text,
                _ => name <= text,
            }
        })
    }

    proptest! {
        /// Membership by intervals, and by their queries, equals membership by the narrowest pattern.
        #[test]
        fn intervals_contain_exactly_the_names_of_their_classes(
            root in any::<bool>(),
            patterns in prop::collection::hash_map(("[ab\u{10FFFF}]{0,3}", any::<bool>()), any::<bool>(), 0..8),
            names in prop::collection::vec("[ab\u{10FFFF}\u{0}]{0,5}", 0..50),
        ) {
            let classes: Vec<PatternClass> = patterns.iter()
                .map(|((text, is_prefix), inside)| class(text, *is_prefix, u32::from(*inside)))
                .collect();
            let set = Intervals::of(root, classes.clone(), |n| n.id == 1);
            for name in names {
                let narrowest = classes.iter()
                    .filter(|n| if n.is_prefix { name.starts_with(n.text) } else { name == n.text })
                    .max_by_key(|n| (!n.is_prefix, n.text.len()));
                let inside = narrowest.map_or(root, |n| n.id == 1);
                prop_assert_eq!(set.contains(&name), inside, "{:?}", name);
                let queries = set.queries("l");
                prop_assert_eq!(queries.iter().any(|q| matches(q, &name)), inside, "{:?}", name);
            }
        }
    }
}
