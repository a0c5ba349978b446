//! The alerts: each is about metrics that the programs have, and explained on the page for operators.

use std::collections::BTreeSet;
use std::fs;
use std::process::Child;

use serde_json::json;
use tests::program::{ETL_LABELER, signal};
use tests::{Caller, Database, Index, PASSWORD, free_port, until};

use crate::blocks::root;
use crate::site::Site;

/// A running `etl-labeler run`, killed when this value is dropped.
struct Labeler(Child);

impl Drop for Labeler {
    fn drop(&mut self) {
        signal(self.0.id(), "KILL");
        let _ = self.0.wait();
    }
}

async fn metrics(ops_url: &str) -> String {
    match reqwest::get(format!("{ops_url}/metrics")).await {
        Ok(response) => response.text().await.unwrap(),
        Err(_) => String::new(),
    }
}

async fn labeler_metrics(database: &Database, index: &Index) -> String {
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = ETL_LABELER.command(&[
        ("DATABASE_URL", database.url.as_str()),
        ("ELASTICSEARCH_URL", &index.server),
        ("FILMS_INDEX", &index.name),
        ("ETL_OPS_LISTEN", &address),
    ]);
    let _labeler = Labeler(command.arg("run").spawn().unwrap());
    let url = format!("http://{address}");
    until("the labeler has metrics", async || !metrics(&url).await.is_empty()).await;
    metrics(&url).await
}

/// Names of metrics in this text.
fn mentioned(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let is_metric = |word: &&str| ["auth_", "etl_", "movie_"].iter().any(|p| word.starts_with(p));
    words.filter(is_metric).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_metric_of_an_alert_exists() {
    let mut site = Site::open().await;
    let guest = Caller::guest(reqwest::Client::new(), &site.auth_url);
    let form = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &form).await.expect(201, "");
    guest.log_in("ada", PASSWORD).await.expect(200, "");
    let check = json!({ "action": "read", "resource": { "type": "film", "id": "x" } });
    guest.post("check", &check).await.expect(200, "");
    reqwest::get(format!("{}/movies/?page=1", site.movie_url)).await.unwrap();

    let mut there = labeler_metrics(&Database::empty().await, &site.index).await;
    for url in site.ops_urls() {
        there += &metrics(&url).await;
    }
    let alerts = fs::read_to_string(root().join("docs/alerts.yml")).unwrap();
    let mentioned = mentioned(&alerts);
    assert!(mentioned.len() > 25, "{mentioned:?}");
    for metric in mentioned {
        let has_sample = |line: &str| {
            line.strip_prefix(&metric).is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        assert!(there.lines().any(has_sample), "no program has the metric {metric}");
    }
    let route = r#"route="/api/v1/check""#;
    assert!(alerts.contains(route) && there.contains(route), "{there}");
}

#[test]
fn every_alert_is_explained() {
    let read = |file: &str| fs::read_to_string(root().join("docs").join(file)).unwrap();
    let (alerts, page) = (read("alerts.yml"), read("OPERATIONS.md"));
    let declared: Vec<&str> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let explained: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "| alert | means | do |")
        .skip(2)
        .map_while(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    assert!(declared.len() > 30);
    assert_eq!(declared, explained);
}
