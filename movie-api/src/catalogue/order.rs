//! The orders of lists, and the positions in them.

use serde_json::{Value, json};

/// The order of a list. Every order ends with the id, so that no two films are ever tied and pages
/// neither repeat nor lose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Highest viewers' rating first; films without one at the end.
    BestRated,
    /// Latest release first; films without a date at the end.
    Newest,
    /// By title, whatever its case; films without one at the end.
    Title,
    /// Best match for the text of the search first, then as [`Order::BestRated`].
    Relevance,
}

impl Order {
    /// Its name in cursors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BestRated => "rating",
            Self::Newest => "release_date",
            Self::Title => "title",
            Self::Relevance => "relevance",
        }
    }

    /// Whether these values are a position in a list of this order. Elasticsearch refuses others.
    pub(crate) fn has_position(self, values: &[Value]) -> bool {
        let keys = self.keys();
        keys.len() == values.len() && keys.iter().zip(values).all(|(key, value)| key.has(value))
    }

    /// The order as Elasticsearch takes it.
    pub(super) fn sort(self) -> Value {
        self.keys().iter().map(|key| key.sort()).collect()
    }

    const fn keys(self) -> &'static [Key] {
        match self {
            Self::BestRated => &[Key::Rating, Key::Id],
            Self::Newest => &[Key::ReleaseDate, Key::Id],
            Self::Title => &[Key::FoldedTitle, Key::Title, Key::Id],
            Self::Relevance => &[Key::Score, Key::Rating, Key::Id],
        }
    }
}

/// One criterion of an order.
#[derive(Clone, Copy)]
enum Key {
    Score,
    Rating,
    ReleaseDate,
    /// The title in lower case, which only indices of the labeler have.
    FoldedTitle,
    Title,
    Id,
}

impl Key {
    fn sort(self) -> Value {
        let (field, order, unmapped) = match self {
            Self::Score => return json!({ "_score": "desc" }),
            Self::Rating => ("imdb_rating", "desc", "float"),
            Self::ReleaseDate => ("release_date", "desc", "date"),
            Self::FoldedTitle => ("title.folded", "asc", "keyword"),
            Self::Title => ("title.keyword", "asc", "keyword"),
            Self::Id => ("id", "asc", "keyword"),
        };
        json!({ field: { "order": order, "missing": "_last", "unmapped_type": unmapped } })
    }

    /// Whether Elasticsearch gives such a value to a film.
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Score => value.is_number(),
            Self::Rating => value.is_number() || value == "-Infinity",
            Self::ReleaseDate => value.is_i64(),
            Self::FoldedTitle | Self::Title | Self::Id => value.is_string() || value.is_null(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_elasticsearch_gives_are_a_position() {
        for position in [json!([8.1, "a"]), json!(["-Infinity", null])] {
            assert!(Order::BestRated.has_position(position.as_array().expect("array")));
        }
        assert!(Order::Newest.has_position(&[i64::MIN.into(), "a".into()]));
        for position in
            [json!([]), json!([8.1]), json!(["8", "a"]), json!([8.1, 7]), json!([8, "a", "b"])]
        {
            assert!(!Order::BestRated.has_position(position.as_array().expect("array")));
        }
        assert!(!Order::Newest.has_position(&[json!(1.5), "a".into()]));
        assert!(!Order::Newest.has_position(&[u64::MAX.into(), "a".into()]));
        assert!(!Order::Newest.has_position(&["now".into(), "a".into()]));
    }
}
