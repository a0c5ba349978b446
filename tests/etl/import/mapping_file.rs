use serde_json::{Value, json};

use crate::films::Films;

#[tokio::test]
async fn a_sample_shows_films_and_writes_nothing() {
    let films = Films::new();
    let mapping = films.file(
        "mapping.toml",
        "[fields.id]\nfrom = ['Name', 'Day']\n[fields.title]\nfrom = 'Name'\n\
         [fields.release_date]\nfrom = 'Day'\nformats = '%d.%m.%Y'\n\
         [fields.genres]\nfrom = 'Kind'\nseparator = ','\n[fields.directors]\nid = 'key'\n",
    );
    let film = json!({
        "Name": "Léon", "Day": "14.9.1994", "Kind": "Crime, Film-Noir, Crime",
        "directors": [{ "key": 7, "name": "Luc Besson", "born": 1959 }], "extra": { "x": 1.50 },
    });
    let path = films.file("films.json", json!([film, { "Name": null }, film]).to_string());
    let ran = films.run(&["import", &path, "--mapping", &mapping, "--sample", "2"]).await;
    assert_eq!(ran.status, Some(65), "{ran:?}");
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
    let id = shown["id"].as_str().unwrap();
    assert!(id.starts_with("leon-14-9-1994-") && id.len() == "leon-14-9-1994-".len() + 8, "{id}");
    assert_eq!(
        shown,
        json!({
            "id": id, "title": "Léon", "release_date": "1994-09-14", "extra": { "x": 1.5 },
            "genres": [{ "id": "crime", "name": "Crime" }, { "id": "film-noir", "name": "Film-Noir" }],
            "directors": [{ "id": "7", "name": "Luc Besson", "born": 1959 }],
        })
    );
    assert!(ran.stderr.contains("element 2: `id` is missing"), "{ran:?}");
    assert_eq!(films.index.aliases().await, json!({}));
}

#[tokio::test]
async fn an_invalid_mapping_file_is_refused_by_key() {
    let films = Films::new();
    let file = films.file("films.ndjson", r#"{"id":"a"}"#);
    let mapping = films.file("mapping.toml", "[fields.release_date]\nformat = '%Y'\n");
    let ran = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(ran.status, Some(2), "{ran:?}");
    let message =
        "mapping.toml: `fields.release_date.format` is not a key; did you mean `formats`?";
    assert!(ran.stderr.contains(message), "{ran:?}");
    assert_eq!(films.index.aliases().await, json!({}));
}

#[tokio::test]
async fn a_field_of_the_mapping_that_no_line_has_is_named() {
    let films = Films::new();
    let file = films.file("films.csv", "id,name\n1,A\n");
    let mapping = films.file("mapping.toml", "[fields.title]\nfrom = 'nmae'\n");
    let ran = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("in no line: `nmae`"), "{ran:?}");
}

#[tokio::test]
async fn a_field_declared_later_requires_a_new_index() {
    let films = Films::new();
    let file = films.file("films.ndjson", r#"{"id":"a","budget":5,"mpaa_rating":"R"}"#);
    films.run(&["import", &file]).await;
    let mapping = films.file("mapping.toml", "[fields.budget]\ntype = 'long'\n");
    let arguments = ["import", &file, "--mapping", &mapping];
    let refused = films.run(&arguments).await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("no field `budget`"), "{refused:?}");
    assert!(refused.stderr.contains("--replace"), "{refused:?}");
    let replaced = films.run(&[&arguments[..], &["--replace"]].concat()).await;
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_eq!(films.count(json!({ "term": { "budget": 5 } })).await, 1);
    let again = films.run(&arguments).await;
    assert_eq!((again.status, again.number("replaced")), (Some(0), 1), "{again:?}");
}
