//! The fields of one line. The csv crate cannot trim outside quotes only: it treats a quote after a space
//! as text, and trims inside quotes.

use std::borrow::Cow;

const SPACE: [char; 2] = [' ', '\t'];

/// The fields of a line without its comment; empty for a blank line, `None` for unbalanced quotes.
pub(super) fn split(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start_matches(SPACE);
    if ends(rest) {
        return Some(fields);
    }
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted_field(inside)?,
            None => plain_field(rest),
        };
        fields.push(field);
        let after = after.trim_start_matches(SPACE);
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start_matches(SPACE),
            None if ends(after) => return Some(fields),
            None => return None,
        }
    }
}

fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('#')
}

/// The field up to the next comma or comment, and the rest.
fn plain_field(text: &str) -> (Cow<'_, str>, &str) {
    let comma = text.find(',').unwrap_or(text.len());
    let end = comment(text).map_or(comma, |comment| comment.min(comma));
    let (field, rest) = text.split_at(end);
    (field.trim_end_matches(SPACE).into(), rest)
}

/// Start of white space that is followed by `#`.
fn comment(text: &str) -> Option<usize> {
    [" #", "\t#"].into_iter().filter_map(|mark| text.find(mark)).min()
}

/// The field up to the closing quote, with doubled quotes unescaped, and the rest.
fn quoted_field(inside: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut field = String::new();
    let mut rest = inside;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some((field.into(), after)),
        }
        field.push('"');
    }
}

/// The field with quotes where [`split`] needs them.
pub(super) fn quoted(field: &str) -> Cow<'_, str> {
    let plain = !field.is_empty()
        && !field.starts_with('#')
        && !field.contains([',', '"'])
        && comment(field).is_none()
        && field.trim_matches(SPACE) == field;
    if plain { field.into() } else { format!("\"{}\"", field.replace('"', "\"\"")).into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_and_comments_outside_quotes_are_ignored() {
        let fields = |line| split(line).map(|f| f.join("|"));
        assert_eq!(fields("p, 1 ,\ta b  # why").unwrap(), "p|1|a b");
        assert_eq!(fields(r#" p , " a, ""b"" # " ,c#d # e"#).unwrap(), r#"p| a, "b" # |c#d"#);
        assert_eq!(fields("p,,").unwrap(), "p||");
        assert_eq!(split("  # p, 1"), Some(vec![]));
        assert_eq!(split(r#"p, "a"#), None);
        assert_eq!(split(r#"p, "a" b, c"#), None);
    }

    proptest! {
        #[test]
        fn quoted_fields_round_trip(fields in prop::collection::vec("[a #,\"\t*é]{0,6}", 1..5)) {
            let line = fields.iter().map(|f| quoted(f)).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(split(&line).unwrap(), fields);
        }
    }
}
