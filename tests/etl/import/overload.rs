use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::program::signal;
use tests::{Fault, FaultyElasticsearch, Proxy, until};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::{sleep, timeout};

use crate::films::{Films, feed, finished};

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|n| json!({ "id": n }).to_string() + "\n").collect()
}

/// Elasticsearch answers 429 to every write, as it does when its disk is full.
async fn block(films: &Films, blocked: bool) {
    block_index(films, "", blocked).await;
}

/// The same for the index whose name ends so.
async fn block_index(films: &Films, suffix: &str, blocked: bool) {
    let value = if blocked { json!(true) } else { Value::Null };
    let settings = json!({ "index.blocks.read_only_allow_delete": value });
    films.request("PUT", &format!("{suffix}/_settings"), Some(settings)).await;
}

#[tokio::test]
async fn an_overloaded_elasticsearch_is_waited_for() {
    let films = Films::new();
    films.import(&lines(0, 1)).await;
    block(&films, true).await;
    let file = films.file("films.ndjson", lines(0, 5_000));
    let mut import = films.command(&["import", &file]).spawn().unwrap();
    let mut log = BufReader::new(import.stderr.take().unwrap()).lines();
    while !log.next_line().await.unwrap().unwrap().contains("asking Elasticsearch again") {}
    block(&films, false).await;
    let imported = finished(import).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!((imported.number("imported"), imported.number("skipped")), (5_000, 0));
    assert_eq!(films.count(json!({ "match_all": {} })).await, 5_000);
}

#[tokio::test]
async fn an_import_waits_with_its_first_request_too() {
    let films = Films::new();
    films.import(&lines(0, 1)).await;
    block_index(&films, "-lease", true).await;
    let file = films.file("films.ndjson", lines(0, 10));
    let mut import = films.command(&["import", &file]).spawn().unwrap();
    let mut log = BufReader::new(import.stderr.take().unwrap()).lines();
    while !log.next_line().await.unwrap().unwrap().contains("asking Elasticsearch again") {}
    block_index(&films, "-lease", false).await;
    let imported = finished(import).await;
    assert_eq!((imported.status, imported.number("imported")), (Some(0), 10), "{imported:?}");
}

#[tokio::test]
async fn without_a_terminal_a_long_import_says_how_far_it_is() {
    let films = Films::new();
    let mut import = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(import.stderr.take().unwrap()).lines();
    // A thousand lines are a chunk; the next one is written when the line is due.
    let mut from = 0;
    let line = loop {
        feed(&mut import, &lines(from, from + 1_000)).await;
        from += 1_000;
        let next = timeout(Duration::from_millis(500), log.next_line()).await;
        let line = next.ok().map(|line| line.unwrap().unwrap());
        if let Some(line) = line.filter(|line| line.contains("importing")) {
            break line;
        }
    };
    assert!(!line.contains('\u{1b}') && line.contains("\"lines\":"), "{line}");
    assert_eq!(finished(import).await.status, Some(0));
}

#[tokio::test]
async fn a_stopped_import_goes_on_from_the_line_that_it_names() {
    let films = Films::new();
    films.import(&lines(0, 1)).await;
    block(&films, true).await;
    let file = films.file("films.ndjson", lines(0, 2_500) + "bad\n" + &lines(2_500, 3_000)[..]);
    let mut import = films.command(&["import", &file]);
    let stopped = import.env("ETL_IMPORT_RETRY_SECONDS", "1").spawn().unwrap();
    let stopped = finished(stopped).await;
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert!(stopped.stderr.contains("with --from-line 1\n"), "{stopped:?}");
    assert_eq!(stopped.number("imported"), 0);

    block(&films, false).await;
    let rest = films.run(&["import", &file, "--from-line", "2001"]).await;
    assert_eq!(rest.status, Some(65), "{rest:?}");
    assert_eq!((rest.number("lines"), rest.number("imported")), (1_001, 1_000));
    assert!(rest.stderr.contains("not a JSON object (line 2501)"), "{rest:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1_001);
}

#[tokio::test]
async fn an_unavailable_elasticsearch_ends_the_import_with_the_line_to_go_on_from() {
    let films = Films::new();
    let (proxy, url) = Proxy::to_url(&films.index.server).await;
    let mut import = films.command(&["import", "-"]);
    import.env("ELASTICSEARCH_URL", url).env("ETL_IMPORT_RETRY_SECONDS", "1");
    let mut import = import.stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &lines(0, 1_000)).await;
    feed(&mut import, &lines(1_000, 2_000)).await;
    // It is sent after the answer to the first thousand; whether its own answer still arrives is open.
    until("begun", async || films.film("1000").await.is_object()).await;
    proxy.cut();
    feed(&mut import, &lines(2_000, 3_000)).await;
    let ended = finished(import).await;
    assert_eq!(ended.status, Some(69), "{ended:?}");
    let imported = ended.number("imported");
    assert!([1_000, 2_000].contains(&imported), "{ended:?}");
    let line = format!("with --from-line {}\n", imported + 1);
    assert!(ended.stderr.contains(&line), "{ended:?}");
}

#[tokio::test]
async fn a_signal_stops_an_import_that_waits_for_input_and_a_replacement_goes_on() {
    let films = Films::new();
    films.import(&lines(0, 5)).await;
    let mut import = films.command(&["import", "-", "--replace"]);
    let mut import = import.stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &lines(0, 1_500)).await;
    until("begun", async || {
        let path = "-import/_count?ignore_unavailable=true";
        films.request("GET", "-import/_refresh", None).await;
        films.request("GET", path, None).await["count"] == 1_000
    })
    .await;
    signal(import.id().unwrap(), "INT");
    let mut stopped = import;
    let input = stopped.stdin.take();
    let stopped = finished(stopped).await;
    drop(input);
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert!(stopped.stderr.contains("interrupted"), "{stopped:?}");
    assert!(stopped.stderr.contains("with --replace --from-line 1001\n"), "{stopped:?}");
    assert_eq!(stopped.number("imported"), 1_000);
    assert_eq!(films.count(json!({ "match_all": {} })).await, 5, "not replaced");

    let file = films.file("films.ndjson", lines(0, 1_500));
    let rest = films.run(&["import", &file, "--replace", "--from-line", "1001"]).await;
    assert_eq!((rest.status, rest.number("imported")), (Some(0), 500), "{rest:?}");
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1_500);
    let nothing = films.run(&["import", &file, "--replace", "--from-line", "2"]).await;
    assert_eq!(nothing.status, Some(2), "{nothing:?}");
}

/// A disk that is full refuses every write, and says the same each time.
#[tokio::test]
async fn a_long_wait_is_said_once_and_a_signal_ends_it() {
    let films = Films::new();
    films.import(&lines(0, 1)).await;
    block(&films, true).await;
    let file = films.file("films.ndjson", lines(0, 10));
    let import = films.command(&["import", &file]).spawn().unwrap();
    sleep(Duration::from_secs(4)).await;
    signal(import.id().unwrap(), "TERM");
    let stopped = timeout(Duration::from_secs(5), finished(import)).await.unwrap();
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert_eq!(stopped.stderr.matches("asking Elasticsearch again").count(), 1, "{stopped:?}");
    assert!(stopped.stderr.contains("with --from-line 1\n"), "{stopped:?}");
}

/// Also if Elasticsearch has done what it does not answer.
#[tokio::test]
async fn every_request_is_repeated_while_elasticsearch_is_busy() {
    for fault in [Fault::Refused(429), Fault::Unanswered] {
        let films = Films::new();
        let file = films.file("films.ndjson", lines(0, 1_500));
        let cases = films.file("cases.toml", "[[case]]\nname='x'\nfilm={}\nlabels=['new']\n");
        for arguments in [
            &["import", &file][..],
            &["once"],
            &["import", &file, "--replace"],
            &["import", &file],
            &["preview"],
            &["status"],
            &["rules", "check", "--index"],
            &["rules", "test", &cases],
        ] {
            let busy = FaultyElasticsearch::start(fault).await;
            let command = films.command(arguments).env("ELASTICSEARCH_URL", &busy.url).spawn();
            let ended = finished(command.unwrap()).await;
            assert_eq!(ended.status, Some(0), "{fault:?} {arguments:?}: {ended:?}");
            assert!(ended.stderr.contains("accepts requests again"), "{ended:?}");
            assert!(busy.seen().len() > 1);
        }
        assert_eq!(films.count(json!({ "match_all": {} })).await, 1_500);
        films.once().await;
        assert_eq!(films.labelled().await, 1_500);
    }
}

#[tokio::test]
async fn a_replacement_that_gives_up_after_the_last_line_says_how_to_go_on() {
    let films = Films::new();
    films.import(&lines(0, 1)).await;
    let file = films.file("films.ndjson", lines(0, 10));
    for end in ["_refresh", "_bulk", "_count"] {
        let busy = FaultyElasticsearch::start(Fault::Never(end)).await;
        let mut import = films.command(&["import", &file, "--replace"]);
        import.env("ELASTICSEARCH_URL", &busy.url).env("ETL_IMPORT_RETRY_SECONDS", "1");
        let stopped = finished(import.spawn().unwrap()).await;
        assert_eq!(stopped.status, Some(1), "{stopped:?}");
        let line = if end == "_bulk" { 1 } else { 11 };
        let hint = format!("to go on, repeat the command with --replace --from-line {line}\n");
        assert!(stopped.stderr.contains(&hint), "{end}: {stopped:?}");
        let line = line.to_string();
        let rest = films.run(&["import", &file, "--replace", "--from-line", &line]).await;
        assert_eq!(rest.status, Some(0), "{rest:?}");
        assert_eq!(films.labelled().await, 10);
    }
}

/// Before there is anything to tell its kind by, within its header or its first line, and with films in hand.
#[tokio::test]
async fn a_signal_stops_an_import_that_has_read_little() {
    let films = Films::new();
    for begun in ["", "{\"id\":", "id,title", "[", &lines(0, 2)] {
        for options in [&["--sample", "5"][..], &[]] {
            let mut import = films.command(&[&["import", "-"][..], options].concat());
            let mut import = import.stdin(Stdio::piped()).spawn().unwrap();
            feed(&mut import, begun).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let input = import.stdin.take();
            signal(import.id().unwrap(), "TERM");
            let stopped = timeout(Duration::from_secs(5), finished(import)).await.unwrap();
            drop(input);
            assert_eq!(stopped.status, Some(1), "{begun} {options:?}: {stopped:?}");
            assert!(stopped.stderr.contains("interrupted"), "{stopped:?}");
        }
    }
}
