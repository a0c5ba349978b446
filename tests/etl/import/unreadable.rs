//! A value that the import could not read must not open a film, to which a label rule would have been applied with it.

use serde_json::{Value, json};

use crate::films::Films;

const MAPPING: &str = "[fields.embargo_until]\ntype = 'date'\n[fields.budget]\ntype = 'long'\n";

const RULES: &str = "
    [[label]]\nname='embargo'\nquery={exists={field='embargo_until'}}\nuntil='embargo_until'
    [[label]]\nname='adult'\nquery={terms={mpaa_rating=['R']}}
    [[label]]\nname='costly'\nquery={range={budget={gte=1000}}}
    [[label]]\nname='drama'\nquery={nested={path='genres',query={term={'genres.id'='drama'}}}}
    [[label]]\nname='named'\nquery={term={'title.keyword'='X'}}";

async fn import(films: &Films, lines: &[Value]) {
    let mapping = films.file("mapping.toml", MAPPING);
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let file = films.file("films.ndjson", lines.join("\n"));
    let imported = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
}

#[tokio::test]
async fn a_film_with_an_unreadable_value_that_a_rule_uses_stays_unlabelled() {
    let films = Films::new();
    films.rules(RULES);
    let unreadable = [
        json!({ "id": "a", "embargo_until": "2026-11-31" }),
        json!({ "id": "b", "mpaa_rating": { "code": "R" } }),
        json!({ "id": "c", "budget": "much" }),
        json!({ "id": "d", "genres": [["Drama"]] }),
        json!({ "id": "e", "title": ["X", "Y"] }),
        json!({ "id": "f", "mpaa_rating": ["PG", { "code": "R" }], "budget": "?" }),
    ];
    let readable = [
        json!({ "id": "g", "embargo_until": "", "mpaa_rating": "N/A", "budget": null, "genres": [], "title": " " }),
        // No rule uses these.
        json!({ "id": "h", "release_date": "soon", "imdb_rating": "good", "description": {} }),
        json!({ "id": "i", "budget": "237000000.0", "mpaa_rating": "R" }),
        json!({ "id": "j", "unreadable_fields": ["budget"] }),
    ];
    import(&films, &[&unreadable[..], &readable].concat()).await;
    assert_eq!(films.film("f").await["unreadable_fields"], json!(["mpaa_rating", "budget"]));
    assert_eq!(films.film("g").await["unreadable_fields"], Value::Null);
    assert_eq!(films.count(json!({ "term": { "unreadable_fields": "budget" } })).await, 2);

    let ran = films.once().await;
    assert_eq!((ran.number("unreadable"), ran.number("written")), (6, 4), "{ran:?}");
    assert!(
        ran.stderr.contains("an unreadable value of a field that a label rule uses"),
        "{ran:?}"
    );
    for film in &unreadable {
        let id = film["id"].as_str().unwrap();
        assert_eq!(films.film(id).await["access"], Value::Null, "{id}");
    }
    for (id, labels) in
        [("g", json!([])), ("h", json!([])), ("i", json!(["adult", "costly"])), ("j", json!([]))]
    {
        assert_eq!(films.labels(id).await, labels, "{id}");
    }
    let preview = films.run(&["preview", "--json"]).await;
    let preview: Value = serde_json::from_str(&preview.stdout).unwrap();
    assert_eq!((&preview["unreadable"], &preview["would_write"]), (&json!(6), &json!(0)));
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn labels_are_removed_when_a_new_rule_uses_an_unreadable_value() {
    let films = Films::new();
    films.rules("[[label]]\nname='x'\nquery={exists={field='id'}}");
    import(&films, &[json!({ "id": "a", "embargo_until": "2026-11-31" })]).await;
    films.once().await;
    assert_eq!(films.labels("a").await, json!(["x"]));
    films.rules("[[label]]\nname='embargo'\nfrom='embargo_until'");
    let preview = films.run(&["preview"]).await;
    assert!(preview.stdout.contains("1 stay unlabelled: an unreadable value"), "{preview:?}");
    let ran = films.run(&["once", "--force"]).await;
    assert_eq!((ran.number("unreadable"), ran.number("written")), (1, 1), "{ran:?}");
    assert_eq!(films.film("a").await["access"], Value::Null);
}

/// It is no date, and `within` restricts the film until it has one.
#[tokio::test]
async fn an_unreadable_release_date_restricts_by_within_or_leaves_the_film_unlabelled() {
    const OLD: &str = "[[label]]\nname='old'\nquery={range={release_date={lt='1970-01-01'}}}\n";
    const NEW: &str = "[[label]]\nname='new'\nwithin={field='release_date',period='P3Y'}\n";
    let film = json!({ "id": "a", "release_date": "0000-00-00", "mpaa_rating": "R" });
    for (rules, labels) in [
        (NEW.to_owned(), json!(["new"])),
        (format!("{NEW}{OLD}"), json!(["new"])),
        (OLD.to_owned(), Value::Null),
        (format!("{OLD}{NEW}query={{term={{mpaa_rating='PG'}}}}"), Value::Null),
        ("[[label]]\nname='x'\nuntil='release_date'".to_owned(), Value::Null),
    ] {
        let films = Films::new();
        films.rules(&rules);
        import(&films, std::slice::from_ref(&film)).await;
        films.once().await;
        assert_eq!(films.labels("a").await, labels, "{rules}");
    }
}
