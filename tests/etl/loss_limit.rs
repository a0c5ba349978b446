use auth_server::db::PgPool;
use serde_json::{Value, json};
use tests::{Database, free_port, until};

use crate::films::{Films, finished};

const ADULT: &str = "[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}\n";
const TYPO: &str = "[[label]]\nname='adult'\nquery={term={mpaa_rating='r'}}\n";

/// Twenty labelled films.
async fn labelled() -> Films {
    let films = Films::new();
    films.rules(ADULT);
    films.import_many(20).await;
    films.once().await;
    films
}

async fn adult(films: &Films) -> u64 {
    films.request("POST", "/_refresh", None).await;
    films.count(json!({ "term": { "access.labels": "adult" } })).await
}

async fn meta(films: &Films) -> Value {
    let mapping = films.request("GET", "/_mapping", None).await;
    let index = mapping.as_object().unwrap().values().next().unwrap();
    index["mappings"]["_meta"].clone()
}

#[tokio::test]
async fn a_run_that_would_take_a_label_from_too_many_films_stops_before_the_first_write() {
    let films = labelled().await;
    films.request("PUT", "/_mapping", Some(json!({ "_meta": { "owner": "films" } }))).await;
    films.once().await;
    assert_eq!(meta(&films).await["owner"], "films");
    assert_eq!(meta(&films).await["labels"]["films"], 20);
    assert_eq!(meta(&films).await["labels"]["counts"], json!({ "adult": 20 }));

    films.rules(TYPO);
    films.put("film-new", json!({ "id": "film-new", "mpaa_rating": "R" })).await;
    let stopped = films.run(&["once"]).await;
    assert_eq!(stopped.status, Some(3), "{stopped:?}");
    assert!(
        stopped.stderr.contains("label `adult` would be on 0 films instead of 20"),
        "{stopped:?}"
    );
    assert_eq!((adult(&films).await, films.labelled().await), (20, 20));

    let forced = films.run(&["once", "--force"]).await;
    assert_eq!((forced.status, forced.number("written")), (Some(0), 21), "{forced:?}");
    assert_eq!(adult(&films).await, 0);
    films.rules(ADULT);
    let gained = films.once().await;
    assert!(gained.stderr.contains("on more films"), "{gained:?}");
    assert_eq!(adult(&films).await, 21);
}

#[tokio::test]
async fn what_the_index_shrank_the_limits_and_may_shrink_are_taken_into_account() {
    let films = labelled().await;
    for film in 9..20 {
        films.request("DELETE", &format!("/_doc/film-{film}?refresh=true"), None).await;
    }
    assert_eq!(films.once().await.number("seen"), 9);
    films.import_many(20).await;
    films.once().await;

    films.rules(TYPO);
    let lenient = films.command(&["once"]).env("ETL_LOSS_MIN", "21").spawn().unwrap();
    assert_eq!(finished(lenient).await.status, Some(0));
    films.rules(ADULT);
    films.once().await;
    films.rules(&format!("{TYPO}may_shrink=true"));
    films.once().await;
    assert_eq!(adult(&films).await, 0);
}

#[tokio::test]
async fn a_label_without_a_rule_is_a_loss() {
    let films = labelled().await;
    films.rules(&ADULT.replace("adult", "adults"));
    let stopped = films.run(&["once"]).await;
    assert_eq!(stopped.status, Some(3), "{stopped:?}");
    assert!(stopped.stderr.contains("it has no rule any more"), "{stopped:?}");
}

#[tokio::test]
async fn a_scheduled_run_counts_the_stop_and_is_not_repeated() {
    let (films, database) = (labelled().await, Database::empty().await);
    films.rules(TYPO);
    let port = free_port();
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", crate::worker::one_tick());
    let _run = command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}")).spawn().unwrap();
    let metric = "etl_runs_total{outcome=\"loss_limit\"} 1";
    until("stopped", async || crate::worker::metrics(port).await.contains(metric)).await;
    let pool: PgPool = database.pool().await;
    until("done", async || crate::worker::jobs(&pool).await == [("Done".to_owned(), 1)]).await;
    assert_eq!(adult(&films).await, 20);
}

#[tokio::test]
async fn a_stop_between_ticks_is_counted() {
    let (films, database) = (labelled().await, Database::empty().await);
    films.put("film-new", json!({ "id": "film-new", "mpaa_rating": "R" })).await;
    for (rules, outcome) in
        [(TYPO, "loss_limit"), ("[[label]]\nname='adult'\nquery={term={rating='R'}}\n", "failure")]
    {
        films.rules(rules);
        let port = free_port();
        let mut command = films.command(&["run"]);
        command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", "0 0 0 29 2 *");
        command.env("ETL_CHANGES_SECONDS", "1");
        let _run = command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}")).spawn().unwrap();
        let none = format!("etl_change_runs_total{{outcome=\"{outcome}\"}} 0");
        until("served", async || crate::worker::metrics(port).await.contains("etl_change_runs"))
            .await;
        until("counted", async || !crate::worker::metrics(port).await.contains(&none)).await;
    }
    assert_eq!((adult(&films).await, films.labelled().await), (20, 20));
}
