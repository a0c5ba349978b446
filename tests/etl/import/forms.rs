//! The forms in which films come, with the same content: see `expected.json`.

use std::io::Write;
use std::process::Stdio;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tests::program::Finished;

use crate::films::{Films, feed, finished};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/etl/cases/films/");

fn case(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FOLDER}{name}")).unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// With carriage returns alone at the ends of lines.
fn in_cr(content: &[u8]) -> Vec<u8> {
    content.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect()
}

/// Checks films and labels after an import without a mapping file.
async fn check(films: &Films, imported: &Finished, form: &str) {
    assert_eq!(imported.status, Some(0), "{form}: {imported:?}");
    assert_eq!((imported.number("imported"), imported.number("skipped")), (12, 0), "{form}");
    assert!(imported.stderr.contains(form), "{form}: {imported:?}");
    films.once().await;
    // Without a mapping file, only `c` has a date: formats are not guessed, and a year alone is no day.
    let undated = json!({ "bool": { "must_not": { "exists": { "field": "release_date" } } } });
    assert_eq!((films.count(undated).await, imported.number("undated")), (11, 11), "{form}");
    for id in ["862", "a", "b", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        if id == "a" {
            assert_eq!(films.film(id).await, Value::Null, "{form}");
            continue;
        }
        let access = films.film(id).await["access"].clone();
        assert_eq!(
            (&access["labels"], &access["until"]),
            (&json!(["new"]), &json!({})),
            "{form}: {id}"
        );
    }
    let dated = films.film("c").await;
    assert_eq!(
        (&dated["release_date"], &dated["imdb_rating"]),
        (&json!("2010-10-30"), &Value::Null)
    );
    assert_eq!(dated["access"]["labels"], json!([]), "{form}");
    assert_eq!(films.film("862").await["id"], "862", "{form}");
    assert_eq!(films.film("g").await["title"], "1776", "{form}");
    let drama = json!([{ "id": "drama", "name": "Drama" }, { "id": "comedy", "name": "Comedy" }]);
    assert_eq!(films.film("d").await["genres"], drama, "{form}");
}

#[tokio::test]
async fn every_form_of_the_same_films_is_detected_and_imported() {
    let lines = case("films.ndjson");
    for (name, content, form) in [
        ("films.ndjson", lines.clone(), "NDJSON, one film per line; UTF-8\n"),
        ("bom.ndjson", case("bom.ndjson"), "UTF-8 with byte order mark"),
        ("crlf.ndjson", case("crlf.ndjson"), "NDJSON, one film per line; UTF-8, CRLF\n"),
        ("cr.ndjson", in_cr(&lines), "NDJSON, one film per line; UTF-8, CR\n"),
        ("cr.csv", in_cr(&case("films.csv")), "delimiter ','; UTF-8, CR\n"),
        ("sep.csv", [b"sep=,\r\n", &*case("films.csv")].concat(), "delimiter ','; UTF-8, CRLF\n"),
        ("array.json", case("array.json"), "a JSON array; UTF-8\n"),
        ("films.csv", case("films.csv"), "CSV with 5 columns, delimiter ','"),
        ("films.gz", gzip(&lines), "NDJSON, one film per line; gzip, UTF-8\n"),
        (
            "array.zst",
            zstd::encode_all(&*case("array.json"), 0).unwrap(),
            "a JSON array; zstd, UTF-8",
        ),
        ("films", gzip(&case("films.csv")), "CSV with 5 columns, delimiter ','; gzip"),
    ] {
        let films = Films::new();
        let imported = films.run(&["import", &films.file(name, content)]).await;
        check(&films, &imported, form).await;
    }
}

#[tokio::test]
async fn films_come_from_standard_input() {
    let films = Films::new();
    let mut import = films.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    feed(&mut import, &String::from_utf8(case("array.json")).unwrap()).await;
    check(&films, &finished(import).await, "-: a JSON array").await;
}

#[tokio::test]
async fn a_mapping_file_tells_formats_of_dates_and_indexed_fields() {
    let films = Films::new();
    let arguments =
        ["import", &format!("{FOLDER}films.ndjson"), "--mapping", &format!("{FOLDER}mapping.toml")];
    let imported = films.run(&arguments).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!((imported.number("imported"), imported.number("undated")), (12, 8));
    for (id, day) in
        [("b", "1971-01-01"), ("c", "2010-10-30"), ("g", "1998-06-12"), ("h", "1995-10-30")]
    {
        assert_eq!(films.film(id).await["release_date"], day, "{id}");
    }
    assert_eq!(films.count(json!({ "range": { "budget": { "gte": 1 } } })).await, 1);
    let film = films.film("f").await;
    assert_eq!(
        (&film["budget"], &film["unindexed"]),
        (&Value::Null, &json!({ "budget": "unknown" }))
    );
    assert_eq!((&film["dvd"], &film["collection"]), (&json!(""), &json!("")));
    assert_eq!(films.film("i").await["unindexed"], json!({ "release_date": "0000-00-00" }));
    assert!(
        imported.stderr.contains("unreadable 3: `release_date` (lines 9, 10, 11)"),
        "{imported:?}"
    );
    assert!(imported.stderr.contains("unreadable 2: `budget` (lines 6, 12)"), "{imported:?}");
}

#[tokio::test]
async fn the_last_of_two_lines_with_one_id_is_kept_and_counted() {
    let films = Films::new();
    let imported = films.run(&["import", &format!("{FOLDER}duplicate-ids.ndjson")]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!((imported.number("imported"), imported.number("replaced")), (2, 1));
    assert_eq!(films.count(json!({ "match_all": {} })).await, 1);
    assert_eq!(films.film("x").await["title"], "Second");
}

#[tokio::test]
async fn a_file_of_another_kind_is_named_with_what_to_do() {
    let films = Films::new();
    let utf16: Vec<u8> = "{\"id\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
    for (content, message) in [
        (utf16.as_slice(), "is UTF-16; convert it: iconv"),
        (&marked, "is UTF-16; convert it: iconv"),
        (b"PK\x03\x04....", "is a ZIP archive; unpack it"),
        (b"\xfd7zXZ\0\0", "is compressed with xz"),
        (
            b"ID,title\n1,A\n",
            "without a column `id`, of which the ids are made; the columns are `ID`, `title`. Name the one with the ids \
             by `[fields.id] from` in a mapping file, perhaps `ID`",
        ),
        (b"a,b,c,d,e,f,g,h,i,j,k\n", "`i`, `j`, …. Name"),
    ] {
        let imported = films.run(&["import", &films.file("films", content)]).await;
        assert_eq!(imported.status, Some(2), "{imported:?}");
        assert!(imported.stderr.contains(message), "{message}: {imported:?}");
    }
    let missing = films.index.aliases().await;
    assert_eq!(missing, json!({}), "nothing was created");
}

#[tokio::test]
async fn two_columns_of_one_name_are_an_error() {
    let films = Films::new();
    let unnamed = films.file("mapping.toml", "fields.title.from = ''\n");
    for (header, options, message) in [
        ("id,mpaa_rating,title, mpaa_rating", &[][..], "2 and 4 are both named `mpaa_rating`"),
        ("id,,", &["--mapping", &unnamed], "2 and 3 are both named ``"),
    ] {
        let file = films.file("films.csv", format!("{header}\n"));
        let refused = films.run(&[&["import", &file], options].concat()).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
    assert_eq!(films.index.aliases().await, json!({}));
    let file = films.file("films.csv", "id,,\n1,2,3\n");
    assert_eq!(films.run(&["import", &file]).await.status, Some(0));
}

/// As `TMDB` publishes its films.
#[tokio::test]
async fn lists_and_objects_in_a_cell_are_read_in_json_and_in_the_notation_of_python() {
    let films = Films::new();
    let table = films.file(
        "films.csv",
        r#"id;genres;directors;mpaa_rating
1;[{'id': 28, 'name': 'Action'}, {'id': 10751, 'name': "Children's"}];"[{""id"": 1, ""name"": ""A""}]";['R', None]
2;{'id': 28, 'name': 'Action'};{"id": 1, "name": "A"};{'code': 'R'}
3;[Action];{not read};[R]
4;[];A;[]
5;[{'id': 1, 'id': 2}];A;
"#,
    );
    let imported = films.run(&["import", &table]).await;
    assert_eq!((imported.status, imported.number("imported")), (Some(0), 5), "{imported:?}");
    let (action, a) = (json!({ "id": "28", "name": "Action" }), json!({ "id": "1", "name": "A" }));
    let children = json!({ "id": "10751", "name": "Children's" });
    for (id, genres, directors, unreadable) in [
        ("1", json!([action, children]), json!([a]), Value::Null),
        ("2", json!([action]), json!([a]), json!(["mpaa_rating"])),
        ("3", Value::Null, Value::Null, json!(["genres", "directors"])),
        ("4", Value::Null, json!([{ "id": "a", "name": "A" }]), Value::Null),
        ("5", Value::Null, json!([{ "id": "a", "name": "A" }]), json!(["genres"])),
    ] {
        let film = films.film(id).await;
        let found = (&film["genres"], &film["directors"], &film["unreadable_fields"]);
        assert_eq!(found, (&genres, &directors, &unreadable), "{id}");
    }
    assert_eq!(films.film("1").await["mpaa_rating"], json!(["R"]));
    assert_eq!(films.film("3").await["mpaa_rating"], "[R]");
}

#[tokio::test]
async fn an_incomplete_file_stops_the_import() {
    let films = Films::new();
    let whole = gzip(&case("films.ndjson"));
    for (content, message) in [
        (&whole[..whole.len() - 20], "cannot read"),
        (br#"[{"id":"a"},{"id":"b"},{"id":"#, "the file ends within the array"),
    ] {
        let imported = films.run(&["import", &films.file("films", content)]).await;
        assert_eq!(imported.status, Some(1), "{imported:?}");
        assert!(imported.stderr.contains(message), "{imported:?}");
        assert!(imported.stderr.contains("--from-line"), "{imported:?}");
        assert!(imported.stdout.contains("lines="), "{imported:?}");
    }
    assert!(films.film("b").await.is_object());
}
