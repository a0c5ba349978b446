//! Searching by text.

use serde_json::{Value, json};

/// Maximum number of words in a search.
pub(crate) const MAX_WORDS: usize = 16;

/// The fields that are searched, and how much a match in each counts.
const FIELDS: [(&str, u32); 3] = [("title", 4), ("directors.name", 3), ("description", 1)];
/// A word that is shorter than this must be in a description as it is: most descriptions have a
/// word that starts with `a`.
const MIN_PREFIX: usize = 3;
/// Terms that a misspelled word may stand for.
const MAX_EXPANSIONS: u32 = 20;

/// The words of a text that can be searched for.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let words = text.split_whitespace();
    words.filter(|word| word.chars().any(char::is_alphanumeric)).collect()
}

/// Films with every word of the text, in any of the fields: as it is, as the start of a word, or with
/// a typo.
///
/// Each kind of match has a fixed score. Scores that depend on how rare a word is differ between
/// copies of the index, so that a list could not go on where it stopped, and they would tell a caller
/// about films that they may not read.
pub(crate) fn matching(text: &str) -> Value {
    let words = words(text);
    if words.is_empty() {
        return json!({ "match_none": {} });
    }
    let every_word: Vec<Value> = words.iter().copied().map(word).collect();
    let in_sequence = scored(10, &json!({ "match_phrase": { "title": text } }));
    json!({ "bool": { "must": every_word, "should": [in_sequence] } })
}

fn word(word: &str) -> Value {
    let matches: Vec<Value> =
        FIELDS.iter().flat_map(|(field, weight)| in_field(word, field, *weight)).collect();
    json!({ "dis_max": { "queries": matches } })
}

fn in_field(word: &str, field: &str, weight: u32) -> Vec<Value> {
    let exact = json!({ "query": word, "operator": "and", "lenient": true });
    let exact = scored(weight * 4, &json!({ "match": { field: exact } }));
    if field == "description" && word.chars().count() < MIN_PREFIX {
        return vec![exact];
    }
    let prefix = json!({ "query": word, "operator": "and" });
    let typo = json!({
        "query": word, "operator": "and", "lenient": true,
        "fuzziness": "AUTO", "max_expansions": MAX_EXPANSIONS,
    });
    vec![
        exact,
        scored(weight * 3, &json!({ "match_bool_prefix": { field: prefix } })),
        scored(weight, &json!({ "match": { field: typo } })),
    ]
}

fn scored(score: u32, query: &Value) -> Value {
    json!({ "constant_score": { "filter": query, "boost": score } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_is_not_a_word() {
        assert_eq!(words(" Léon:  the - professional !? "), ["Léon:", "the", "professional"]);
        assert_eq!(matching(" -- "), json!({ "match_none": {} }));
    }
}
