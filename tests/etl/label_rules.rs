use serde_json::json;

use crate::films::Films;

/// Invalid rules, and words that the message must contain.
const BROKEN: [(&str, &[&str]); 15] = [
    ("[[label]\nname='x'", &["label rules", "line 5"]),
    ("[[label]]\nname='Loud'\nquery={exists={field='id'}}", &["label rule `Loud`", "line 5"]),
    (
        "[[label]]\nname='good'\nquery={exists={field='id'}}",
        &["label rule `good`", "line 2", "same name"],
    ),
    ("[[label]]\nname='empty'", &["label rule `empty`", "needs a condition: query, within"]),
    ("[[label]]\nname='x'\nwithin={field='release_date',period='3Y'}", &["label rule `x`", "3Y"]),
    ("[[label]]\nname='odd'\nquery={script={}}", &["label rule `odd` (line 5)", "`script` is not"]),
    (
        "[[label]]\nname='adult'\nquery={term={mpaa_ratting='R'}}",
        &["label rule `adult` (line 5)", "no field `mpaa_ratting`; did you mean `mpaa_rating`?"],
    ),
    (
        "[[label]]\nname='words'\nquery={terms={title=['The End']}}",
        &["label rule `words` (line 5)", "type text; did you mean `title.keyword`?"],
    ),
    (
        "[[label]]\nname='exact'\nquery={match={mpaa_rating='R'}}",
        &["label rule `exact` (line 5)", "`mpaa_rating` is of type keyword"],
    ),
    (
        "[[label]]\nname='series'\nquery={prefix={'title.keyword'='Alien'}}",
        &["label rule `series` (line 5)", "`title.keyword` has `ignore_above: 512` in its mapping"],
    ),
    (
        "[[label]]\nname='a'\nall_of=['b']\n[[label]]\nname='b'\nany_of=['a']",
        &["label rule `a` (line 5)", "a → b → a"],
    ),
    (
        "[[label]]\nname='x'\nnone_of=['god']",
        &["label rule `x` (line 5)", "the file defines `good`"],
    ),
    (
        "[[label]]\nname='bad'\nquery={range={release_date={gt='soon'}}}",
        &["label rule `bad`", "soon"],
    ),
    (
        "[[label]]\nname='typo'\nwithin={field='releasedate',period='P1Y'}",
        &["label rule `typo`", "no date field `releasedate`", "`release_date`?"],
    ),
    (
        "[[label]]\nname='text'\nwithin={field='title',period='P1Y'}",
        &["label rule `text`", "needs a date, but `title` is of type text"],
    ),
];

#[tokio::test]
async fn an_invalid_rule_is_named_before_anything_is_written() {
    let films = Films::new();
    films.import_many(3).await;
    let mapping = films.request("GET", "/_mapping", None).await;
    for (broken, words) in BROKEN {
        films.rules(&format!(
            "\n[[label]]\nname='good'\nquery={{exists={{field='id'}}}}\n{broken}\n"
        ));
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
async fn a_file_without_a_rule_labels_nothing() {
    let films = Films::new();
    films.import_many(2).await;
    films.rules("# to be written\n");
    let refused = films.run(&["once"]).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("has no label rule"), "{refused:?}");
    assert_eq!(films.labelled().await, 0);
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

#[tokio::test]
async fn combined_labels_have_the_period_of_their_parts() {
    let films = Films::new();
    films.rules(
        "[[label]]\nname='fresh'\nwithin={field='release_date',period='P1000Y'}\n\
         [[label]]\nname='adult'\nquery={terms={mpaa_rating=['R']}}\n\
         [[label]]\nname='both'\nall_of=['adult','fresh']\n\
         [[label]]\nname='classic'\nnone_of=['fresh']\n\
         [[label]]\nname='embargo'\nuntil='release_date'\n",
    );
    let lines = [
        json!({ "id": "adult", "mpaa_rating": "R", "release_date": "2024-02-29" }),
        json!({ "id": "mild", "mpaa_rating": "G", "release_date": "2999-01-01" }),
        json!({ "id": "undated", "mpaa_rating": "R" }),
    ];
    films.import(&lines.map(|line| line.to_string()).join("\n")).await;
    films.once().await;
    let end = "3024-02-29T00:00:00Z";
    for (id, labels, from, until) in [
        (
            "adult",
            json!(["adult", "both", "classic", "fresh"]),
            json!({ "classic": end }),
            json!({ "both": end, "fresh": end }),
        ),
        (
            "mild",
            json!(["classic", "embargo", "fresh"]),
            json!({ "classic": "3999-01-01T00:00:00Z" }),
            json!({ "embargo": "2999-01-01T00:00:00Z", "fresh": "3999-01-01T00:00:00Z" }),
        ),
        ("undated", json!(["adult", "both", "classic", "embargo", "fresh"]), json!({}), json!({})),
    ] {
        let access = films.film(id).await["access"].clone();
        assert_eq!(
            (&access["labels"], &access["from"], &access["until"]),
            (&labels, &from, &until),
            "{id}"
        );
    }
    assert_eq!(films.once().await.number("written"), 0);
}
