use serde_json::json;

use crate::films::Films;

/// Invalid rules, and words that the message must contain.
const BROKEN: [(&str, &[&str]); 9] = [
    ("[[label]\nname='x'", &["label rules", "line 5"]),
    ("[[label]]\nname='Loud'\nquery={match_all={}}", &["label rule `Loud`", "line 5"]),
    ("[[label]]\nname='good'\nquery={match_all={}}", &["label rule `good`", "line 2", "same name"]),
    ("[[label]]\nname='empty'", &["label rule `empty`", "`query`"]),
    ("[[label]]\nname='x'\nwithin={field='release_date',period='3Y'}", &["label rule `x`", "3Y"]),
    ("[[label]]\nname='odd'\nquery={no_such_query={}}", &["label rule `odd`", "no_such_query"]),
    (
        "[[label]]\nname='bad'\nquery={range={release_date={gt='soon'}}}",
        &["label rule `bad`", "soon"],
    ),
    (
        "[[label]]\nname='typo'\nwithin={field='released',period='P1Y'}",
        &["label rule `typo`", "no date field `released`"],
    ),
    (
        "[[label]]\nname='text'\nwithin={field='title',period='P1Y'}",
        &["label rule `text`", "no date field `title`"],
    ),
];

#[tokio::test]
async fn an_invalid_rule_is_named_before_anything_is_written() {
    let films = Films::new();
    films.import_many(3).await;
    let mapping = films.request("GET", "/_mapping", None).await;
    for (broken, words) in BROKEN {
        films.rules(&format!("\n[[label]]\nname='good'\nquery={{match_all={{}}}}\n{broken}\n"));
        for command in ["once", "preview"] {
            let ended = films.run(&[command]).await;
            assert_eq!(ended.status, Some(2), "{broken}: {ended:?}");
            for word in words {
                assert!(ended.stderr.contains(word), "{word} in {ended:?}");
            }
        }
    }
    assert_eq!(films.labelled().await, 0);
    assert_eq!(films.request("GET", "/_mapping", None).await, mapping);
}

#[tokio::test]
async fn without_rules_every_film_is_labelled_with_no_labels() {
    let films = Films::new();
    films.rules("");
    films.import_many(2).await;
    assert_eq!(films.once().await.number("written"), 2);
    assert_eq!(films.labels("film-0").await, json!([]));
}

#[tokio::test]
async fn an_alias_of_the_index_works() {
    let films = Films::new();
    films.import_many(2).await;
    let alias = format!("{}-alias", films.index.name);
    let index = films.index.aliases().await;
    let index = index.as_object().unwrap().keys().next().unwrap();
    let actions = json!({ "actions": [{ "add": { "index": index, "alias": alias } }] });
    let aliases = format!("{}/_aliases", films.index.server);
    reqwest::Client::new().post(aliases).json(&actions).send().await.unwrap();
    let run = films.command(&["once"]).env("FILMS_INDEX", &alias).spawn().unwrap();
    let run = crate::films::finished(run).await;
    assert_eq!((run.status, run.number("written")), (Some(0), 2), "{run:?}");
    assert_eq!(films.labels("film-1").await, json!(["adult", "new", "upcoming"]));
}
