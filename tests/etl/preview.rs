use serde_json::{Value, json};

use crate::films::Films;

#[tokio::test]
async fn preview_shows_the_changes_and_writes_nothing() {
    let films = Films::new();
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}\n");
    films.import_many(3).await;
    films.once().await;
    films.rules("[[label]]\nname='all'\nquery={ids={values=['film-1']}}\nwithin={field='release_date',period='P1Y'}\n");
    let mapping = films.request("GET", "/_mapping", None).await;
    let before = films.film("film-1").await;

    let preview = films.run(&["preview", "--samples", "2"]).await;
    assert_eq!(preview.status, Some(0), "{preview:?}");
    assert!(preview.stdout.contains("3 films, of which a run would write 3:\n"), "{preview:?}");
    assert!(preview.stdout.contains("  3 with other labels\n"), "{preview:?}");
    let rows: Vec<Vec<&str>> =
        preview.stdout.lines().map(|row| row.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["adult", "0", "3", "-", "-film-0", "-film-1"]), "{preview:?}");
    assert!(rows.contains(&vec!["all", "1", "0", "1", "+film-1"]), "{preview:?}");

    assert_eq!(films.film("film-1").await, before);
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(films.request("GET", "/_mapping", None).await, mapping);
    assert_eq!(films.count(json!({ "term": { "access.labels": "adult" } })).await, 3);
    films.once().await;
    assert_eq!(json(&films, &[]).await["would_write"], 0);
}

/// The preview as JSON.
async fn json(films: &Films, options: &[&str]) -> Value {
    let preview = films.run(&[&["preview", "--json"], options].concat()).await;
    assert_eq!(preview.status, Some(0), "{preview:?}");
    serde_json::from_str(&preview.stdout).unwrap()
}

#[tokio::test]
async fn stamps_and_periods_are_told_from_labels() {
    let films = Films::new();
    let rule = "[[label]]\nname='old'\nwithin={field='release_date',period='P1000Y'}\n";
    films.rules(rule);
    films.import(r#"{"id":"a","release_date":"2000-01-01"}"#).await;
    films.once().await;
    films.rules(&rule.replace("1000", "1001"));
    let changed = json(&films, &[]).await;
    assert_eq!((&changed["periods_changed"], &changed["stamps_only"]), (&json!(1), &json!(0)));
    films.rules(&format!("{rule}[[label]]\nname='none'\nquery={{ids={{values=['b']}}}}\n"));
    let changed = json(&films, &[]).await;
    assert_eq!((&changed["periods_changed"], &changed["stamps_only"]), (&json!(0), &json!(1)));
    assert_eq!(changed["labels"]["old"]["after"], 1);
    assert_eq!(changed["roles"], Value::Null);
}

#[tokio::test]
async fn with_a_policy_a_preview_says_who_gains_and_loses_films() {
    let films = Films::new();
    films.rules("[[label]]\nname='new'\nquery={ids={values=['film-0']}}\n");
    films.import_many(3).await;
    let policy = films.file(
        "rules.csv",
        "role, subscriber\np, 10, subscriber, label:new, read, allow\n\
         p, 20, anonymous, label:new, read, deny\np, 20, anonymous, label:unlabelled, read, deny\n\
         p, 30, anonymous, film:*, read, allow\n",
    );
    let unlabelled = json(&films, &["--policy", &policy]).await["roles"].clone();
    assert_eq!(unlabelled["anonymous"]["gained"], 2, "{unlabelled}");
    assert_eq!(unlabelled["subscriber"]["gained"], 3, "{unlabelled}");
    films.once().await;
    films.rules("[[label]]\nname='new'\nquery={ids={values=['film-1', 'film-2']}}\n");
    let moved = json(&films, &["--policy", &policy, "--samples", "1"]).await["roles"].clone();
    let guest =
        json!({ "gained": 1, "lost": 2, "gained_samples": ["film-0"], "lost_samples": ["film-1"] });
    assert_eq!(moved["anonymous"], guest, "{moved}");
    assert_eq!(
        (&moved["subscriber"]["gained"], &moved["subscriber"]["lost"]),
        (&json!(0), &json!(0))
    );

    for (text, message) in [("p, 10, anonymous\n", "policy: line 1"), ("", "it has no rules")] {
        let broken = films.file("broken.csv", text);
        let refused = films.run(&["preview", "--policy", &broken]).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
}
