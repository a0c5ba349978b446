//! The fields of one line. The csv crate cannot trim outside quotes only: it treats a quote after a space
//! as text, and trims inside quotes.

use std::borrow::Cow;

const SPACE: [char; 2] = [' ', '\t'];

/// A line of the text.
pub(super) struct Line<'a> {
    /// None in a blank line.
    pub(super) fields: Vec<Cow<'a, str>>,
    /// The text after `#`; empty if there is none.
    pub(super) comment: &'a str,
}

/// The line; `None` for unbalanced quotes.
pub(super) fn split(line: &str) -> Option<Line<'_>> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start_matches(SPACE);
    if let Some(comment) = end(rest) {
        return Some(Line { fields, comment });
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
            None => return end(after).map(|comment| Line { fields, comment }),
        }
    }
}

/// The comment, if the fields end here.
fn end(rest: &str) -> Option<&str> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('#') }
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
        let fields = |line| split(line).map(|line| line.fields.join("|"));
        assert_eq!(fields("p, 1 ,\ta b  # why").unwrap(), "p|1|a b");
        assert_eq!(fields(r#" p , " a, ""b"" # " ,c#d # e"#).unwrap(), r#"p| a, "b" # |c#d"#);
        assert_eq!(fields("p,,").unwrap(), "p||");
        assert_eq!(fields("  # p, 1").unwrap(), "");
        assert_eq!(fields(r#"p, "a"#), None);
        assert_eq!(fields(r#"p, "a" b, c"#), None);
        let comment = |line| split(line).map(|line| line.comment);
        assert_eq!(comment("p, 1 # why, \"x\" # y").unwrap(), " why, \"x\" # y");
        assert_eq!(comment("p, a#b").unwrap(), "");
    }

    proptest! {
        #[test]
        fn quoted_fields_round_trip(fields in prop::collection::vec("[a #,\"\t*é]{0,6}", 1..5)) {
            let line = fields.iter().map(|f| quoted(f)).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(split(&line).unwrap().fields, fields);
        }
    }
}
