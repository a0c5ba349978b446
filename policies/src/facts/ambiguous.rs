//! Labels whose text in the index is uncertain. Elasticsearch indexes a number as it was written
//! (`-0`, `1e5`), returns it as the number that it means (`0`, `100000.0`), and one that is too large as
//! `Infinity`. U+0000 is refused in requests for a check. A document with such a label counts as
//! unlabelled, for the check and the filter alike.

use serde_json::{Value, json};

/// Queries that together match exactly the texts for which [`is_ambiguous`] holds.
///
/// Elasticsearch compiles regular expressions anew for every search, and a single one for all these texts
/// takes five times as long as the rest of a film's search.
pub(crate) fn ambiguous(field: &str) -> [Value; 4] {
    let regexp = |value: &str| json!({ "regexp": { field: { "value": value, "flags": "NONE" } } });
    [
        json!({ "terms": { field: ["0", "-0", "Infinity", "-Infinity"] } }),
        json!({ "wildcard": { field: { "value": "*\0*" } } }),
        regexp("-?[0-9]{19,}"),
        regexp("-?[0-9]+[.eE][-+.eE0-9]*"),
    ]
}

/// Zero, a number with a fraction or an exponent, one of at least 19 digits, or any text with U+0000.
pub(crate) fn is_ambiguous(label: &str) -> bool {
    if label.contains('\0') {
        return true;
    }
    let text = label.strip_prefix('-').unwrap_or(label);
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    match text.len() - rest.len() {
        0 => rest == "Infinity",
        digits if rest.is_empty() => text == "0" || digits >= 19,
        _ => {
            rest.starts_with(['.', 'e', 'E'])
                && rest.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_have_several_spellings_are_ambiguous() {
        for ambiguous in [
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
            "a\0b",
        ] {
            assert!(is_ambiguous(ambiguous), "{ambiguous}");
        }
        for label in ["", "-", "new", "1", "-7", "2024", "00", "1x", "1.5x", "mpaa=1.5", "e5", ".5"]
        {
            assert!(!is_ambiguous(label), "{label}");
        }
    }
}
