//! Labels whose text in the index is uncertain. Elasticsearch indexes a number as it was written
//! (`-0`, `1e5`), returns it as the number that it means (`0`, `100000.0`), and one that is too large as
//! `Infinity`. All spellings of one number are uncertain.
//!
//! As long as no rule tells such labels from others, the spelling does not matter. If one does, a document
//! with such a label counts as unlabelled, for the check and the filter alike.

use serde_json::{Value, json};

/// Queries that together match exactly the texts for which [`is_uncertain`] holds.
///
/// Elasticsearch compiles regular expressions anew for every search, which takes as long as the rest of
/// a film's search.
pub(crate) fn uncertain(field: &str) -> [Value; 3] {
    let regexp = |value: &str| json!({ "regexp": { field: { "value": value, "flags": "NONE" } } });
    [
        json!({ "terms": { field: ["0", "-0", "Infinity", "-Infinity"] } }),
        regexp("-?[0-9]{19,}"),
        regexp("-?[0-9]+[.eE][-+.eE0-9]*"),
    ]
}

/// Zero, infinity, a number with a fraction or an exponent, or one of at least 19 digits.
pub(crate) fn is_uncertain(label: &str) -> bool {
    let text = label.strip_prefix('-').unwrap_or(label);
    let (digits, rest) = split(text);
    match digits.len() {
        0 => rest == "Infinity",
        _ if rest.is_empty() => text == "0" || digits.len() >= 19,
        _ => is_fraction_or_exponent(rest),
    }
}

/// Whether an uncertain text starts with `prefix`, which is not empty.
pub(crate) fn starts_uncertain(prefix: &str) -> bool {
    let text = prefix.strip_prefix('-').unwrap_or(prefix);
    let (digits, rest) = split(text);
    match digits.len() {
        0 => "Infinity".starts_with(rest),
        _ => rest.is_empty() || is_fraction_or_exponent(rest),
    }
}

fn split(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.split_at(text.len() - rest.len())
}

fn is_fraction_or_exponent(rest: &str) -> bool {
    rest.starts_with(['.', 'e', 'E'])
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNCERTAIN: [&str; 13] = [
        "0",
        "-0",
        "-0.0",
        "1.5",
        "1e5",
        "1.0E+2",
        "1e-7",
        "1.",
        "18446744073709551616",
        "-9223372036854775809",
        "9223372036854775807",
        "Infinity",
        "-Infinity",
    ];

    #[test]
    fn numbers_that_have_several_spellings_are_uncertain() {
        for text in UNCERTAIN {
            assert!(is_uncertain(text), "{text}");
        }
        for label in
            ["", "-", "new", "1", "-7", "2024", "00", "1x", "1.5x", "mpaa=1.5", "e5", ".5", "a\0b"]
        {
            assert!(!is_uncertain(label), "{label}");
        }
    }

    #[test]
    fn the_start_of_an_uncertain_text_is_known_as_such() {
        for text in UNCERTAIN {
            for end in 1..=text.len() {
                assert!(starts_uncertain(&text[..end]), "{}", &text[..end]);
            }
        }
        for prefix in ["n", "--", "1x", "-x", "1.x", "Infinity1", "i", "-1 "] {
            assert!(!starts_uncertain(prefix), "{prefix}");
        }
    }
}
