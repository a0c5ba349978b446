//! The labels that viewers see on films.

use policies::{ACCESS_FIELDS, Facts, Label};
use service::clock::Clock;

use super::film::{Document, FIELDS};

/// Names of the labels that are shown; all others stay inside.
pub(crate) struct PublicLabels {
    labels: Vec<Label>,
    clock: Clock,
}

impl PublicLabels {
    /// These labels, each where and while it holds.
    pub(super) fn new(labels: Vec<Label>, clock: Clock) -> Self {
        Self { labels, clock }
    }

    /// The fields of a document that are needed to show the film.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let access = (!self.labels.is_empty()).then_some(ACCESS_FIELDS);
        FIELDS.into_iter().chain(access).collect()
    }

    /// The document, its film with the labels that hold now.
    pub(super) fn shown_on(&self, mut document: Document) -> Document {
        document.film.labels = self.held(&document);
        document
    }

    fn held(&self, document: &Document) -> Vec<String> {
        let Some(access) = document.access.as_ref().filter(|_| !self.labels.is_empty()) else {
            return Vec::new();
        };
        let facts = Facts::access(access, &self.labels, self.clock.now());
        let held =
            self.labels.iter().filter(|label| facts.active().contains(&label.as_str().into()));
        held.map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::super::film::Source;
    use super::*;

    fn labels(access: &Value) -> Vec<String> {
        let public = ["new", "classic"].map(|name| Label::parse(name).expect("label"));
        let public = PublicLabels::new(public.into(), Clock::default());
        let source = json!({ "id": "x", "access": access });
        let source = Source::deserialize(source).expect("a document");
        public.shown_on(source.into_document("x".into())).film.labels
    }

    #[test]
    fn only_public_labels_are_shown_while_they_hold() {
        let seen = "2025-01-01T00:00:00Z";
        let (past, future) = ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
        let access = |names: &[&str], from: Value, until: Value| {
            labels(&json!({ "labels": names, "from": from, "until": until, "labelled_at": seen }))
        };
        let all = ["adult", "classic", "new", "new"];
        assert_eq!(access(&all, json!({}), json!({})), ["new", "classic"]);
        assert_eq!(
            access(&all, json!({ "new": past }), json!({ "new": future })),
            ["new", "classic"]
        );
        assert_eq!(access(&all, json!({ "new": future }), json!({})), ["classic"]);
        assert_eq!(access(&all, json!({}), json!({ "new": past })), ["classic"]);
        assert_eq!(access(&["adult"], json!({}), json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_film_without_readable_labels_shows_none() {
        for access in
            [json!(null), json!({ "labels": ["new"] }), json!({ "labels": {}, "labelled_at": 1 })]
        {
            assert_eq!(labels(&access), Vec::<String>::new(), "{access}");
        }
    }
}
