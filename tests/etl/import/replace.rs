use std::process::Stdio;

use serde_json::{Value, json};
use tests::{Fault, FaultyElasticsearch, until};

use crate::films::{Films, feed, finished};

fn lines(count: usize, title: &str) -> String {
    let film = |n| json!({ "id": format!("film-{n}"), "title": title }).to_string() + "\n";
    (0..count).map(film).collect()
}

/// The indices behind a name.
async fn behind(films: &Films, suffix: &str) -> Vec<String> {
    let alias = format!("{}{suffix}", films.index.name);
    let indices = films.index.aliases().await;
    let indices = indices.as_object().unwrap().iter();
    indices
        .filter(|(_, index)| index["aliases"][&alias].is_object())
        .map(|(name, _)| name.clone())
        .collect()
}

#[tokio::test]
async fn a_first_import_creates_an_index_behind_an_alias() {
    let films = Films::new();
    films.import(&lines(2, "A")).await;
    let index = behind(&films, "").await;
    assert!(
        index.len() == 1 && index[0].starts_with(&format!("{}-2", films.index.name)),
        "{index:?}"
    );
    assert_eq!(behind(&films, "-import").await, [] as [&str; 0]);
    films.import(&lines(3, "B")).await;
    assert_eq!(behind(&films, "").await, index);
    assert_eq!(films.count(json!({ "match": { "title": "B" } })).await, 3);
}

#[tokio::test]
async fn a_replacement_is_labelled_and_seen_when_it_is_complete() {
    let films = Films::new();
    films.import(&lines(3, "A")).await;
    films.once().await;
    let first = behind(&films, "").await;

    let mut import =
        films.command(&["import", "-", "--replace"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &lines(1_500, "B")).await;
    until("begun", async || !behind(&films, "-import").await.is_empty()).await;
    assert_eq!((films.labelled().await, behind(&films, "").await), (3, first.clone()));
    let refused = films.import(&lines(1, "C")).await;
    assert!(
        refused.status == Some(2) && refused.stderr.contains("are being imported"),
        "{refused:?}"
    );

    let replaced = finished(import).await;
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_eq!(replaced.number("written"), 1_500);
    assert_eq!(
        (films.labelled().await, films.film("film-0").await["title"].clone()),
        (1_500, json!("B"))
    );
    assert_eq!(behind(&films, "-previous").await, first);
    assert_eq!(films.once().await.number("written"), 0);

    let second = behind(&films, "").await;
    let file = films.file("films.ndjson", lines(1, "C"));
    films.run(&["import", &file, "--replace"]).await;
    assert_eq!(behind(&films, "-previous").await, second);
    assert_eq!(films.index.aliases().await[&first[0]], Value::Null, "the one before is deleted");
}

/// Changes aliases in one step.
async fn change_aliases(films: &Films, actions: Value) {
    let url = format!("{}/_aliases", films.index.server);
    let request = reqwest::Client::new().post(url).json(&json!({ "actions": actions }));
    assert_eq!(request.send().await.unwrap().status(), 200, "{actions}");
}

#[tokio::test]
async fn a_replacement_keeps_filter_and_routing_of_the_alias() {
    let films = Films::new();
    let file = films.file(
        "films.ndjson",
        "{\"id\":\"a\",\"published\":true}\n{\"id\":\"draft\",\"published\":false}\n",
    );
    let mapping = films.file("mapping.toml", "[fields.published]\ntype = 'boolean'\n");
    films.run(&["import", &file, "--mapping", &mapping]).await;
    let first = behind(&films, "").await;
    let shown = json!({
        "index": first[0], "alias": films.index.name, "routing": "r", "is_hidden": true, "is_write_index": true,
        "filter": { "term": { "published": true } },
    });
    change_aliases(&films, json!([{ "add": shown }])).await;
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1);

    let replaced = films.run(&["import", &file, "--mapping", &mapping, "--replace"]).await;
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1, "the draft stays hidden");
    let second = behind(&films, "").await;
    assert_ne!(second, first);
    let aliases = films.index.aliases().await;
    let properties = |index: &str, alias: &str| {
        aliases[index]["aliases"][format!("{}{alias}", films.index.name)].clone()
    };
    let expected = json!({
        "filter": { "term": { "published": true } }, "index_routing": "r", "search_routing": "r",
        "is_hidden": true, "is_write_index": true,
    });
    assert_eq!(properties(&second[0], ""), expected);
    assert_eq!(properties(&first[0], "-previous"), expected, "the former films are hidden as well");
    let draft = films.request("GET", "/_doc/draft", None).await;
    assert_eq!(draft["_routing"], "r", "written where the alias looks for it");
}

#[tokio::test]
async fn a_replacement_takes_away_no_index_that_readers_were_led_to_meanwhile() {
    let (films, other) = (Films::new(), Films::new());
    films.import(&lines(2, "A")).await;
    other.import(&lines(1, "B")).await;
    let mut import =
        films.command(&["import", "-", "--replace"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &lines(1_500, "C")).await;
    until("begun", async || !behind(&films, "-import").await.is_empty()).await;
    let index = other.index.behind().await;
    let add = json!({ "index": index, "alias": films.index.name });
    change_aliases(&films, json!([{ "add": add }])).await;
    let refused = finished(import).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("was led to another index in the meantime"), "{refused:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 3, "as the other program left it");
}

#[tokio::test]
async fn a_file_with_skipped_lines_replaces_only_if_that_is_accepted() {
    let films = Films::new();
    films.import(&lines(2, "A")).await;
    let file = films.file("films.ndjson", lines(3, "B") + "bad\n");
    let rejects = films.file("rejects.ndjson", "");
    let refused = films.run(&["import", &file, "--replace", "--rejects", &rejects]).await;
    assert_eq!(refused.status, Some(3), "{refused:?}");
    let hint = "1 lines were skipped, so the current index was not replaced. To go on without them, repeat the command \
                with --from-line 5 --accept-rejects";
    assert!(refused.stderr.contains(hint), "{refused:?}");
    assert_eq!(films.film("film-0").await["title"], "A");

    let still = films.run(&["import", &file, "--replace", "--from-line", "5"]).await;
    assert_eq!(still.status, Some(3), "lines that an earlier part has skipped count: {still:?}");
    let corrected = films.file("rejects.ndjson", lines(4, "C"));
    let accept = ["--replace", "--from-line", "4", "--accept-rejects"];
    let replaced = films.run(&[&["import", &corrected][..], &accept].concat()).await;
    assert_eq!(replaced.status, Some(65), "{replaced:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 4);
    assert_eq!(films.film("film-0").await["title"], "B");
    assert_eq!(films.film("film-3").await["title"], "C");
}

#[tokio::test]
async fn two_imports_into_one_index_are_refused_while_both_are_alive() {
    let films = Films::new();
    let mut first = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut first, &lines(1_000, "A")).await;
    until("begun", async || films.film("film-0").await.is_object()).await;
    let refused = films.import(&lines(1, "B")).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    let message = format!(
        "films are being imported into `{}` already: an import of -, process",
        films.index.name
    );
    assert!(refused.stderr.contains(&message), "{refused:?}");
    let first = finished(first).await;
    assert_eq!((first.status, first.number("imported")), (Some(0), 1_000), "{first:?}");
    assert_eq!(films.import(&lines(1, "B")).await.status, Some(0));
}

#[tokio::test]
async fn an_import_that_was_killed_does_not_block_the_next_one_for_long() {
    let films = Films::new();
    let mut killed = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut killed, &lines(1_000, "A")).await;
    until("begun", async || films.film("film-0").await.is_object()).await;
    killed.kill().await.unwrap();
    let next = films.import(&lines(1, "B")).await;
    assert_eq!(next.status, Some(0), "{next:?}");
    assert!(next.stderr.contains("was killed: waiting up to 15s"), "{next:?}");
    assert_eq!(films.film("film-0").await["title"], "B");
}

#[tokio::test]
async fn nothing_replaces_nothing() {
    let films = Films::new();
    films.import(&lines(2, "A")).await;
    let bad = films.file("bad.ndjson", "{}\n");
    let ran = films.run(&["import", &bad, "--replace"]).await;
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("was not replaced"), "{ran:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 2);
}

#[tokio::test]
async fn an_index_without_an_alias_is_imported_into_and_replaced() {
    let films = Films::new();
    films.create_plain().await;
    films.put("old", json!({ "id": "old", "title": "Old" })).await;
    let imported = films.import(&lines(2, "A")).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 3);
    assert_eq!(behind(&films, "-import").await, [] as [&str; 0]);

    let file = films.file("films.ndjson", lines(4, "B"));
    let busy = FaultyElasticsearch::start(Fault::Unanswered).await;
    let mut replace = films.command(&["import", &file, "--replace"]);
    let replaced = finished(replace.env("ELASTICSEARCH_URL", &busy.url).spawn().unwrap()).await;
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_eq!(behind(&films, "").await.len(), 1);
    assert_eq!(films.labelled().await, 4);
}

#[tokio::test]
async fn an_index_deleted_during_an_import_is_not_created_again() {
    for plain in [false, true] {
        let films = Films::new();
        if plain {
            films.create_plain().await;
        }
        let mut import = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        feed(&mut import, &lines(1_000, "A")).await;
        let a_film = async || films.film("film-0").await.is_object();
        until("begun", a_film).await;
        let index = behind(&films, "-import").await;
        films.index.delete(&index[0]).await;
        feed(&mut import, &lines(1_000, "B")).await;

        let ended = finished(import).await;
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("was deleted meanwhile"), "{ended:?}");
        // Whether the answer to the first thousand arrived before the deletion is open.
        let imported = ended.number("imported");
        assert!([0, 1_000].contains(&imported), "{ended:?}");
        assert!(ended.stderr.contains("import all lines again"), "{ended:?}");
        assert!(!ended.stderr.contains("--from-line"), "{ended:?}");
        assert_eq!(films.index.aliases().await, json!({}), "{ended:?}");
        let file = films.file("films.ndjson", lines(12, "C"));
        let rest = films.run(&["import", &file, "--from-line", "3"]).await;
        assert_eq!(rest.status, Some(2), "{rest:?}");
        assert!(rest.stderr.contains("import from the start"), "{rest:?}");
        assert_eq!(films.index.aliases().await, json!({}), "{rest:?}");
    }
}

#[tokio::test]
async fn a_killed_import_stands_in_the_way_of_no_replacement_and_is_not_gone_on_with_blindly() {
    let films = Films::new();
    films.import(&lines(2, "A")).await;
    let mut killed = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut killed, &lines(1_000, "B")).await;
    until("begun", async || films.film("film-999").await.is_object()).await;
    killed.kill().await.unwrap();

    let replace = ["import", "-", "--replace"];
    let mut killed = films.command(&replace).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut killed, &format!("{0}bad\n{0}", lines(1_000, "C"))).await;
    let live = behind(&films, "").await;
    let written = async || {
        if behind(&films, "-import").await == live {
            return false;
        }
        films.request("GET", "-import/_refresh", None).await;
        let count = films.request("GET", "-import/_count?ignore_unavailable=true", None).await;
        count["count"] == 1_000
    };
    until("begun", written).await;
    killed.kill().await.unwrap();

    // As if it had been killed before it ended the earlier import.
    let alias = format!("{}-import", films.index.name);
    let both = json!([{ "add": { "index": live[0], "alias": alias } }]);
    change_aliases(&films, both).await;
    let file = films.file("films.ndjson", lines(1_000, "C"));
    let rest = films.run(&["import", &file, "--replace", "--from-line", "1000"]).await;
    assert_eq!(rest.status, Some(3), "{rest:?}");
    assert!(rest.stderr.contains("an unknown number of lines were skipped"), "{rest:?}");
    let whole = films.run(&["import", &file, "--replace"]).await;
    assert_eq!(whole.status, Some(0), "{whole:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1_000);
}

#[tokio::test]
async fn going_on_behind_the_end_of_the_file_is_an_error_and_replaces_nothing() {
    let films = Films::new();
    let file = films.file("films.ndjson", lines(12, "A"));
    films.run(&["import", &file]).await;
    for replace in [&[][..], &["--replace"]] {
        if !replace.is_empty() {
            let bad = films.file("bad.ndjson", "{}\n".repeat(2));
            films.run(&["import", &bad, "--replace"]).await;
        }
        let arguments = [&["import", &file, "--from-line", "99999"][..], replace].concat();
        let refused = films.run(&arguments).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        let message =
            "--from-line 99999 is behind the end of the file: its last film is on line 12";
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
    let end = films.run(&["import", &file, "--from-line", "13"]).await;
    assert_eq!(end.status, Some(2), "an unfinished replacement is in the way: {end:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 12);
}

#[tokio::test]
async fn an_index_that_is_closed_stops_an_import_with_one_message() {
    let films = Films::new();
    let mut import = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &lines(1_000, "A")).await;
    until("begun", async || films.film("film-0").await.is_object()).await;
    films.request("POST", "/_close", None).await;
    feed(&mut import, &lines(3_000, "B")).await;
    let ended = finished(import).await;
    assert_eq!((ended.status, ended.number("skipped")), (Some(1), 0), "{ended:?}");
    assert!(ended.stderr.contains("is closed; open it"), "{ended:?}");
    assert!(ended.stderr.contains("with --from-line 1001\n"), "{ended:?}");

    let check = films.run(&["rules", "check", "--index"]).await;
    assert_eq!(check.status, Some(1), "{check:?}");
    assert!(check.stderr.contains("is closed; open it"), "{check:?}");
}
