//! Evaluations off the threads that serve requests: how many there were, and that they are bounded.

use futures::future::join_all;
use tests::{Answer, Database, TestServer};

async fn count(server: &TestServer, outcome: &str) -> u64 {
    let metrics = server.guest().at(&server.ops_url).get("/metrics").await.text;
    let name = format!("auth_offloaded_evaluations_total{{outcome=\"{outcome}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap().parse().unwrap()
}

/// Number of evaluations that ran or wait.
pub(crate) async fn evaluations(server: &TestServer) -> u64 {
    count(server, "admitted").await
}

/// Number of evaluations that were refused.
async fn evaluations_refused(server: &TestServer) -> u64 {
    count(server, "refused").await
}

/// A server with so many rules that evaluating them takes long.
pub(crate) async fn with_many_rules() -> TestServer {
    with_rules_on("film:f", 5_000).await
}

/// The same, with rules on 1,900 labels.
pub(crate) async fn with_many_labels() -> TestServer {
    with_rules_on("label:l", 1_900).await
}

async fn with_rules_on(prefix: &str, rules: u32) -> TestServer {
    let database = Database::migrated().await;
    let rules = format!(
        "INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
         SELECT 500, 'anonymous', '{prefix}' || n, 'read', 'deny', now(), 1
         FROM generate_series(1, {rules}) n"
    );
    database.execute(&rules).await;
    TestServer::on_database(database, &[]).await
}

/// Requests of a flood: several times as many as may wait.
const FLOOD: usize = 150;

/// Sends many requests at once: those that may wait are answered, the others refused.
pub(crate) async fn flood(server: &TestServer, request: impl AsyncFn(usize) -> Answer) {
    let answers = join_all((0..FLOOD).map(|n| request(n))).await;
    let (answered, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(answered.len() > 32 && !refused.is_empty(), "{} answered", answered.len());
    assert_eq!(evaluations_refused(server).await, refused.len() as u64);
    for answer in refused {
        assert_eq!(answer.expect(503, "evaluation_busy").header("retry-after"), "1");
    }
    request(0).await.ok();
}
