//! Dates of fields of one's own, which label rules use as the start and the end of labels.

use serde_json::{Value, json};

use crate::films::Films;

const EMBARGO: &str =
    "[[label]]\nname='embargo'\nquery={exists={field='embargo_until'}}\nuntil='embargo_until'";

/// `embargo_until` and the end of the label, by film.
async fn check(films: &Films, expected: &[(&str, &str, &str)]) {
    films.once().await;
    for (id, date, until) in expected {
        let film = films.film(id).await;
        let found = (&film["embargo_until"], &film["access"]["until"]["embargo"]);
        assert_eq!(found, (&json!(date), &json!(until)), "{film}");
    }
}

fn lines(films: &[(&str, Value)]) -> String {
    let line = |(id, date): &(&str, Value)| json!({ "id": id, "embargo_until": date }).to_string();
    films.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_declared_date_keeps_its_time_until_which_the_film_is_restricted() {
    let films = Films::new();
    films.rules(EMBARGO);
    let mapping = films.file(
        "mapping.toml",
        "[fields.embargo_until]\ntype = 'date'\nformats = '%a, %d %b %Y %H:%M:%S %z'\n",
    );
    let file = films.file(
        "films.ndjson",
        lines(&[
            ("day", json!("2990-11-30")),
            ("utc", json!("2990-11-30T20:00:00Z")),
            ("offset", json!("2990-11-30T20:00:00.5-05:30")),
            ("no-offset", json!("2990-11-30 20:00")),
            ("mail", json!("Tue, 30 Nov 2990 20:00:00 +0100")),
            ("short", json!("0026-11-30")),
        ]),
    );
    let imported = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    check(
        &films,
        &[
            ("day", "2990-11-30", "2990-11-30T00:00:00Z"),
            ("utc", "2990-11-30T20:00:00Z", "2990-11-30T20:00:00Z"),
            ("offset", "2990-12-01T01:30:00.500Z", "2990-12-01T01:30:01Z"),
            ("no-offset", "2990-11-30T20:00:00Z", "2990-11-30T20:00:00Z"),
            ("mail", "2990-11-30T19:00:00Z", "2990-11-30T19:00:00Z"),
        ],
    )
    .await;
    assert_eq!(films.film("short").await["access"], Value::Null);
    let after = json!({ "range": { "embargo_until": { "gt": "2990-11-30T19:59:59Z" } } });
    assert_eq!(films.count(after).await, 3);
}

/// Elasticsearch would read `2027-13-01` as a day of 2028, and refuse a film with `N/A`.
#[tokio::test]
async fn fields_of_the_index_that_a_mapping_file_does_not_name_are_read_as_they_are_mapped() {
    let films = Films::new();
    films.rules(EMBARGO);
    let mapping = films.file(
        "mapping.toml",
        "[fields.embargo_until]\ntype = 'date'\n[fields.budget]\ntype = 'long'\n\
         [fields.studio]\ntype = 'keyword'\n[fields.score]\ntype = 'double'\n[fields.hd]\ntype = 'boolean'\n",
    );
    let first = films.file("films.ndjson", lines(&[("a", json!("2990-01-01"))]));
    films.run(&["import", &first, "--mapping", &mapping]).await;

    let films_as_they_are = [
        json!({ "id": "b", "embargo_until": "2990-13-01" }),
        json!({ "id": "c", "embargo_until": "0000-00-00" }),
        json!({ "id": "d", "embargo_until": "2990-11-30T22:00:00+02:00", "budget": "5.0", "hd": "True" }),
        json!({ "id": "e", "embargo_until": "N/A", "budget": "N/A", "score": "NA", "hd": "", "studio": 7 }),
        json!({ "id": "f", "budget": "much", "score": { "x": 1 }, "hd": "maybe", "studio": { "x": 1 } }),
    ];
    let lines: Vec<String> = films_as_they_are.iter().map(Value::to_string).collect();
    let sample = films.file("films.ndjson", lines.join("\n"));
    let sample = films.run(&["import", &sample, "--sample", "1"]).await;
    let sample: Value = serde_json::from_str(&sample.stdout).unwrap();
    assert_eq!(sample["unreadable_fields"], json!(["embargo_until"]));
    let imported = films.import(&lines.join("\n")).await;
    assert_eq!((imported.status, imported.number("imported")), (Some(0), 5), "{imported:?}");
    let labelled = films.once().await;
    assert_eq!(labelled.number("unreadable"), 2, "{labelled:?}");
    for id in ["b", "c"] {
        let film = films.film(id).await;
        assert_eq!((&film["embargo_until"], &film["access"]), (&Value::Null, &Value::Null), "{id}");
    }
    check(&films, &[("d", "2990-11-30T20:00:00Z", "2990-11-30T20:00:00Z")]).await;
    let film = films.film("d").await;
    assert_eq!((&film["budget"], &film["hd"]), (&json!(5), &json!(true)));
    assert_eq!(films.film("e").await["studio"], "7");
    assert_eq!(
        films.film("f").await["unreadable_fields"],
        json!(["budget", "hd", "score", "studio"])
    );
}

/// As imports of earlier versions declared dates.
#[tokio::test]
async fn an_index_that_maps_a_date_as_a_day_is_refused() {
    let films = Films::new();
    films.create_plain().await;
    let day =
        json!({ "properties": { "embargo_until": { "type": "date", "format": "strict_date" } } });
    films.request("PUT", "/_mapping", Some(day)).await;
    let mapping = films.file("mapping.toml", "[fields.embargo_until]\ntype = 'date'\n");
    let file = films.file("films.ndjson", lines(&[("a", json!("2990-11-30T20:00:00Z"))]));
    let refused = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("`embargo_until` as a day without a time"), "{refused:?}");
    let replaced = films.run(&["import", &file, "--mapping", &mapping, "--replace"]).await;
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_eq!(films.film("a").await["embargo_until"], "2990-11-30T20:00:00Z");
}
