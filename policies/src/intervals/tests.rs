use proptest::prelude::*;

use super::*;

fn named(text: &str, is_prefix: bool, id: u32) -> Named<'_> {
    Named { text, is_prefix, id }
}

#[test]
fn a_prefix_less_its_exceptions_is_a_union_of_ranges() {
    let regions = [named("x-", true, 1), named("x-ok", false, 0)];
    let set = Intervals::of(false, regions, |n| n.id == 1);
    assert_eq!(
        set.queries("l"),
        [
            json!({"range": {"l": {"gte": "x-", "lt": "x-ok"}}}),
            json!({"range": {"l": {"gt": "x-ok", "lt": "x."}}}),
        ]
    );
}

#[test]
fn everything_but_one_name_leaves_both_ends_open() {
    let set = Intervals::of(true, [named("m", false, 0)], |_| false);
    assert_eq!(
        set.queries("l"),
        [json!({"range": {"l": {"lt": "m"}}}), json!({"range": {"l": {"gt": "m"}}}),]
    );
    let all = Intervals::of(true, [named("m", false, 1)], |_| true);
    assert_eq!(all.queries("l"), [json!({"exists": {"field": "l"}})]);
}

#[test]
fn the_end_of_a_prefix_is_a_character() {
    assert_eq!(after("x-").as_deref(), Some("x."));
    assert_eq!(after("é").as_deref(), Some("ê"));
    assert_eq!(after("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
    assert_eq!(after("a\u{10FFFF}").as_deref(), Some("b"));
    assert_eq!(after("\u{10FFFF}"), None);
}

/// What Elasticsearch does with one of [`Intervals::queries`] and one value.
fn matches(query: &Value, name: &str) -> bool {
    if let Some(names) = query.pointer("/terms/l") {
        return names.as_array().unwrap().iter().any(|other| other == name);
    }
    let Some(range) = query.pointer("/range/l") else { return query.get("exists").is_some() };
    range.as_object().unwrap().iter().all(|(edge, text)| {
        let text = text.as_str().unwrap();
        match edge.as_str() {
            "gt" => name > text,
            "gte" => name >= text,
            "lt" => name < text,
            _ => name <= text,
        }
    })
}

proptest! {
    /// Membership by intervals, and by their queries, is membership by deepest name.
    #[test]
    fn intervals_hold_exactly_the_names_of_their_classes(
        root in any::<bool>(),
        regions in prop::collection::hash_map(("[ab\u{10FFFF}]{0,3}", any::<bool>()), any::<bool>(), 0..8),
        names in prop::collection::vec("[ab\u{10FFFF}\u{0}]{0,5}", 0..50),
    ) {
        let named: Vec<Named> = regions.iter()
            .map(|((text, is_prefix), inside)| named(text, *is_prefix, u32::from(*inside)))
            .collect();
        let set = Intervals::of(root, named.clone(), |n| n.id == 1);
        for name in names {
            let deepest = named.iter()
                .filter(|n| if n.is_prefix { name.starts_with(n.text) } else { name == n.text })
                .max_by_key(|n| (!n.is_prefix, n.text.len()));
            let inside = deepest.map_or(root, |n| n.id == 1);
            prop_assert_eq!(set.contains(&name), inside, "{:?}", name);
            let queries = set.queries("l");
            prop_assert_eq!(queries.iter().any(|q| matches(q, &name)), inside, "{:?}", name);
        }
    }
}
