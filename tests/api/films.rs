//! Servers that read films in Elasticsearch.

use policies::label_rules::{LabelRules, SHIPPED};
use serde_json::{Value, json};
use tests::{Index, TestServer, elastic};

/// An index as the labeler makes it.
pub(crate) async fn index() -> Index {
    let index = Index::new();
    let rules = LabelRules::parse(SHIPPED).unwrap();
    elastic(&index.server, &index.name).await.create_index(&rules).await.unwrap();
    index
}

/// A server that reads this index.
pub(crate) async fn server(index: &Index) -> TestServer {
    let settings = [("ELASTICSEARCH_URL", &*index.server), ("FILMS_INDEX", &*index.name)];
    TestServer::with(&settings).await
}

/// `access` as the labeler writes it, with these labels.
pub(crate) fn access(labels: &[&str]) -> Value {
    json!({ "labels": labels, "labelled_at": "2026-01-01T00:00:00Z" })
}

/// The document of a film.
pub(crate) fn document(id: &str, access: &Value) -> Value {
    json!({ "id": id, "title": format!("The film {id}"), "access": access })
}
