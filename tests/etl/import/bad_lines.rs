use serde_json::json;

use crate::films::{Films, finished};

#[tokio::test]
async fn bad_lines_are_counted_by_reason_and_kept() {
    let films = Films::new();
    let too_long = format!(r#"{{"id":"long","title":"{}"}}"#, "x".repeat(5 << 20));
    let lines = [
        r#"{"id":"a","title":"A","release_date":"2020-02-29"}"#,
        "not json",
        "",
        r#"{"title":"no id"}"#,
        r#"{"id":"b","release_date":"29.2.2020","imdb_rating":"eight"}"#,
        r#"{"id":""}"#,
        &too_long,
        r#"{"id":"c","genres":[{"id":"x"},["y"],"Drama"]}"#,
        r#"{"id":["d"]} "#,
        r#"{"id":"e","same":{"x":1,"x":2},"title":"E"}"#,
        r#"{"id":"f","title":"F"}"#,
    ];
    let file = films.file("films.ndjson", lines.join("\n"));
    let rejects = films.file("rejects", "from an earlier import");
    let imported = films.run(&["import", &file, "--rejects", &rejects]).await;
    assert_eq!(imported.status, Some(65), "{imported:?}");
    let refused = u64::from(imported.stderr.contains("refused by Elasticsearch"));
    assert_eq!((imported.number("lines"), imported.number("skipped")), (10, 5 + refused));
    for text in [
        "skipped 1: not a JSON object (line 2)",
        "skipped 3: `id` is missing or not a text or number of 1 to 512 bytes (lines 4, 6, 9)",
        "skipped 1: longer than 4194304 bytes (line 7)",
        "unreadable 1: `release_date` (line 5), kept in `unindexed`",
        "unreadable 1: `imdb_rating` (line 5)",
        "unreadable 1: `genres` (line 8)",
    ] {
        assert!(imported.stderr.contains(text), "{text} in {imported:?}");
    }
    let genres = json!([{ "id": "x", "name": "x" }, { "id": "drama", "name": "Drama" }]);
    assert_eq!(films.film("c").await["genres"], genres);
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let kept: Vec<&str> = kept.lines().collect();
    assert_eq!(&kept[..3], [lines[1], lines[3], lines[5]]);
    assert!(kept[3].starts_with(r#"{"id":"long""#));
    assert_eq!(kept[4], r#"{"id":["d"]} "#);
}

#[tokio::test]
async fn rejected_rows_of_a_table_can_be_imported_when_they_are_corrected() {
    let films = Films::new();
    let file = films.file("films.csv", "id;title\n1;\"A;\n\"\"B\"\"\"\n2;C;D\n;E\n");
    let rejects = films.file("rejects", "");
    let imported = films.run(&["import", &file, "--rejects", &rejects]).await;
    assert_eq!(imported.status, Some(65), "{imported:?}");
    assert!(imported.stderr.contains("not as many cells as the header (line 4)"), "{imported:?}");
    assert_eq!(films.film("1").await["title"], "A;\n\"B\"");
    assert_eq!(std::fs::read_to_string(&rejects).unwrap(), "id;title\n2;C;D\n;E\n");
}

/// Elasticsearch guesses no type, reads no part of an unknown field, and refuses no film for one.
#[tokio::test]
async fn unknown_fields_are_kept_and_not_indexed() {
    let films = Films::new();
    let many: Vec<String> = (0..1_500).map(|n| format!(r#""field {n}":{n}"#)).collect();
    let unknown = [
        r#""budget":1,"dvd":"1995-10-30","collection":{"name":"x"}"#.to_owned(),
        r#""budget":"unknown","dvd":"","collection":"""#.to_owned(),
        r#""budget":99999999999999999999,"half":1e999,"nested":{"":1,"a.b":{"..":[]},"_id":[[1],{}]}"#.to_owned(),
        r#""_id":{"$oid":"5"},"_source":1,"":2,"a.b":3," ":4,".":5,"title.x":6,"unindexed":7"#.to_owned(),
        r#""access.labels":["free"],"access":{"labels":["free"]}"#.to_owned(),
        many.join(","),
    ];
    let lines: Vec<String> =
        unknown.iter().zip(0..).map(|(fields, n)| format!(r#"{{"id":{n},{fields}}}"#)).collect();
    let imported = films.import(&lines.join("\n")).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!(imported.number("imported"), 6);
    let film = films.film("3").await;
    let kept = json!({ "_id": { "$oid": "5" }, "_source": 1, "": 2, "a.b": 3, " ": 4, ".": 5, "title.x": 6, "unindexed": 7 });
    assert_eq!(film, json!({ "id": "3", "unindexed": kept }));
    assert_eq!(films.film("4").await, json!({ "id": "4" }));
    assert_eq!(films.film("1").await["budget"], "unknown");
    let mapping = films.request("GET", "/_mapping", None).await.to_string();
    assert!(!mapping.contains("budget") && !mapping.contains("field 7"), "{mapping}");
    films.once().await;
    assert_eq!(films.once().await.number("written"), 0);
}

/// A value that is lost could be the one that a rule is about.
#[tokio::test]
async fn what_can_be_read_of_a_value_is_kept() {
    let films = Films::new();
    let mapping = films.file(
        "mapping.toml",
        "[fields.adult]\ntype = 'boolean'\n[fields.genres]\nflags = ['War', 'Drama']\n",
    );
    let file = films.file(
        "films.ndjson",
        "{\"id\":\"a\",\"mpaa_rating\":[\"R\",null,[1]],\"adult\":\"True\",\"War\":\"1.0\",\"Drama\":\"maybe\"}\n",
    );
    let imported = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    for field in ["mpaa_rating", "genres"] {
        assert!(imported.stderr.contains(&format!("unreadable 1: `{field}`")), "{imported:?}");
    }
    let imported = films.film("a").await;
    assert_eq!((&imported["mpaa_rating"], &imported["adult"]), (&json!(["R"]), &json!(true)));
    assert_eq!(imported["genres"], json!([{ "id": "war", "name": "War" }]));
}

#[tokio::test]
async fn the_file_that_is_imported_is_not_emptied_for_rejected_lines() {
    let films = Films::new();
    let file = films.file("films.ndjson", "bad\n");
    let refused = films.run(&["import", &file, "--rejects", &file]).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "bad\n");
}

#[tokio::test]
async fn the_file_that_is_imported_is_known_by_any_path_and_on_standard_input() {
    let films = Films::new();
    let file = films.file("films.ndjson", "{bad\n");
    let link = file.replace("films.ndjson", "link.ndjson");
    std::fs::hard_link(&file, &link).unwrap();
    for arguments in [
        vec!["import", &file, "--rejects", &link],
        vec!["import", "-", "--rejects", &file],
        vec!["import", "-", "--rejects", &link, "--from-line", "2"],
    ] {
        let mut import = films.command(&arguments);
        let import = import.stdin(std::fs::File::open(&file).unwrap()).spawn().unwrap();
        let refused = finished(import).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("is the file that is imported"), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{bad\n");
    }
    let import = films.run(&["import", &file, "--rejects", "/dev/null"]).await;
    assert_eq!(import.status, Some(65), "{import:?}");
}

#[tokio::test]
async fn a_quote_too_many_takes_no_other_film_with_it() {
    let films = Films::new();
    let table = "id,title,genres\n1,\"A,Drama\n2,B,Drama\n3,C,Drama\n4,\"D\",Drama\n5,\"E\nE\",\"Drama\" \n6,\"F,Drama\n7,G,\n";
    let file = films.file("films.csv", table);
    let rejects = films.file("rejects", "");
    let imported = films.run(&["import", &file, "--rejects", &rejects]).await;
    assert_eq!(imported.status, Some(65), "{imported:?}");
    assert_eq!((imported.number("imported"), imported.number("skipped")), (5, 2), "{imported:?}");
    assert!(imported.stderr.contains("skipped 2: not CSV (lines 2, 8)"), "{imported:?}");
    assert!(imported.stderr.contains("text directly after a closing quote"), "{imported:?}");
    for (id, title) in [("2", "B"), ("3", "C"), ("4", "D"), ("5", "E\nE"), ("7", "G")] {
        assert_eq!(films.film(id).await["title"], title);
    }
    let kept = std::fs::read_to_string(&rejects).unwrap();
    assert_eq!(kept, "id,title,genres\n1,\"A,Drama\n6,\"F,Drama\n");
}

#[tokio::test]
async fn a_text_that_stands_for_no_value_is_no_id() {
    let films = Films::new();
    let ids = ["N/A", "N/A", " ", "null", "none", "a"];
    let lines: Vec<String> = ids.iter().map(|id| json!({ "id": id }).to_string()).collect();
    let imported = films.import(&lines.join("\n")).await;
    assert_eq!((imported.status, imported.number("imported")), (Some(65), 2), "{imported:?}");
    for text in [
        "skipped 4: no id: a text that stands for no value (lines 1, 2, 3, 4)",
        "the first: no id: `N/A` stands for no value",
    ] {
        assert!(imported.stderr.contains(text), "{imported:?}");
    }
    let mapping = films.file("mapping.toml", "missing = ['none', '7']\n");
    let file = films.file("films.csv", "id\nN/A\nnone\n7\n8\n");
    let imported = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!((imported.number("imported"), imported.number("skipped")), (2, 2), "{imported:?}");
    assert_eq!(films.film("N%2FA").await["id"], "N/A");
}

#[tokio::test]
async fn a_key_that_is_there_twice_is_named() {
    let films = Films::new();
    let lines = [
        r#"{"id":"a","mpaa_rating":"R","title":"A","mpaa_rating":"PG"}"#,
        r#"{"id":"b","genres":[{"name":"Drama","name":"War"}]}"#,
    ];
    let imported = films.import(&lines.join("\n")).await;
    assert_eq!((imported.status, imported.number("skipped")), (Some(65), 2), "{imported:?}");
    for text in [
        "skipped 1: a key is there twice (line 1)",
        "the key `mpaa_rating` is there twice",
        "skipped 1: refused by Elasticsearch: document_parsing_exception (line 2)",
        "Duplicate field 'name'",
    ] {
        assert!(imported.stderr.contains(text), "{text} in {imported:?}");
    }
}

#[tokio::test]
async fn a_message_does_not_quote_a_whole_value() {
    let films = Films::new();
    let long = "x".repeat(40_000);
    let mapping = films.file("mapping.toml", "[fields.kind]\ntype = 'keyword'\n");
    let lines = [json!({ "id": "a", "kind": long }), json!(long)];
    let file = films.file("films.ndjson", lines.map(|line| line.to_string()).join("\n"));
    for options in [&["--sample", "2"][..], &[]] {
        let arguments = [&["import", &file, "--mapping", &mapping], options].concat();
        let imported = films.run(&arguments).await;
        assert_eq!(imported.status, Some(65), "{:?}", imported.status);
        assert!(imported.stderr.len() < 1_500, "{} bytes", imported.stderr.len());
    }
}
