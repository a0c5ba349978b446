//! A private index for a test, with the labeler's mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;

use policies::label_rules::LabelRules;
use policies::with_lone_surrogates_replaced;
use reqwest::Client;
use serde_json::{Value, json};
use tests::elastic;
use uuid::Uuid;

use crate::documents::{Document, TIME_BOUND};

pub(crate) struct Index {
    url: String,
    http: Client,
}

impl Index {
    pub(crate) async fn create() -> Self {
        let server = env::var("ELASTICSEARCH_URL").expect("ELASTICSEARCH_URL: see ./dev env");
        let name = format!("property-{}", Uuid::new_v4().simple());
        let elastic = elastic(&server, &name).await;
        elastic.create_index(&label_rules()).await.unwrap();
        Self { url: format!("{server}/{name}"), http: Client::new() }
    }

    /// Writes documents and returns the ids of those that the mapping rejects.
    pub(crate) async fn load(&self, documents: &[Document]) -> BTreeSet<String> {
        let mut lines = String::new();
        for Document { id, has_id_field, access } in documents {
            let id_field = has_id_field.then(|| format!(r#""id": {}"#, json!(id)));
            let access = access.as_ref().map(|access| format!(r#""access": {access}"#));
            let fields: Vec<String> = id_field.into_iter().chain(access).collect();
            let action = json!({ "index": { "_id": id } });
            writeln!(lines, "{action}\n{{{}}}", fields.join(",")).unwrap();
        }
        let answer = self.post("_bulk?refresh=true", lines).await;
        let items = answer["items"].as_array().unwrap().iter().map(|item| &item["index"]);
        let rejected = items.filter(|item| item["status"] == 400);
        rejected.map(|item| item["_id"].as_str().unwrap().to_owned()).collect()
    }

    /// `access` of every document as Elasticsearch returns it when asked for some fields, with numbers in
    /// another spelling.
    pub(crate) async fn stored(&self) -> BTreeMap<String, Value> {
        let url = format!("{}/_search?size=10000&_source=access", self.url);
        let answer = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&with_lone_surrogates_replaced(&answer)).unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap().iter();
        let access = |hit: &Value| hit["_source"]["access"].clone();
        hits.map(|hit| (hit["_id"].as_str().unwrap().to_owned(), access(hit))).collect()
    }

    /// The ids that each query matches, or Elasticsearch's error.
    pub(crate) async fn search(&self, queries: &[Value]) -> Vec<Result<BTreeSet<String>, String>> {
        let mut lines = String::new();
        for query in queries {
            let search = json!({ "size": 10_000, "_source": false, "sort": "_doc",
                "query": { "bool": { "filter": [query] } } });
            writeln!(lines, "{{}}\n{search}").unwrap();
        }
        let answer = self.post("_msearch", lines).await;
        answer["responses"].as_array().unwrap().iter().map(ids).collect()
    }

    /// Writes one document.
    pub(crate) async fn put(&self, id: &str, document: &Value) {
        let action = json!({ "index": { "_id": id } });
        let answer = self.post("_bulk?refresh=true", format!("{action}\n{document}\n")).await;
        assert_eq!(answer["errors"], false, "{answer}");
    }

    async fn post(&self, what: &str, lines: String) -> Value {
        let request = self.http.post(format!("{}/{what}", self.url)).body(lines);
        let answer = request.header("content-type", "application/x-ndjson").send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn delete(self) {
        self.http.delete(&self.url).send().await.unwrap();
    }
}

fn ids(answer: &Value) -> Result<BTreeSet<String>, String> {
    let Some(hits) = answer["hits"]["hits"].as_array() else { return Err(answer.to_string()) };
    Ok(hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect())
}

fn label_rules() -> LabelRules {
    let rule = |name| {
        format!(
            "[[label]]\nname = \"{name}\"\nwithin = {{ field = \"release_date\", period = \"P1Y\" }}\n"
        )
    };
    LabelRules::parse(&TIME_BOUND.map(rule).concat()).unwrap()
}
