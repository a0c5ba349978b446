//! Catalogues that others made, as they come. `./dev test` downloads them; none of their data is kept here.

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use auth_server::clock::Clock;
use chrono::{Months, NaiveDate};
use serde_json::{Value, json};
use tests::program::MOVIE_API;
use tests::{TestServer, setting};

use crate::films::Films;

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

/// What `catalogues.py` computes from the same files.
fn right_values() -> Value {
    json!({
        "vega-movies.json": {
            "films": 3201, "undated": 0, "adult": 1202,
            "genres": {
                "Action": 420, "Adventure": 274, "Black Comedy": 36, "Comedy": 675,
                "Concert/Performance": 5, "Documentary": 43, "Drama": 789, "Horror": 219,
                "Musical": 53, "Romantic Comedy": 137, "Thriller/Suspense": 239, "Western": 36
            },
            "released_from_2015": [
                "2015-02-08", "2016-09-05", "2016-12-24", "2020-09-17", "2025-01-01", "2025-12-30",
                "2027-08-12", "2033-02-09", "2033-03-09", "2033-04-07", "2036-02-05", "2036-10-20",
                "2037-12-21", "2039-08-25", "2039-12-15", "2040-11-13", "2041-10-28", "2042-11-16",
                "2043-12-24", "2044-08-01", "2046-11-21", "2046-12-31"
            ]
        },
        "ggplot2-movies.csv": {
            "films": 58788, "undated": 0, "adult": 3393,
            "genres": {
                "Action": 4688, "Animation": 3690, "Comedy": 17271, "Documentary": 3472,
                "Drama": 21811, "Romance": 4744, "Short": 9458
            },
            "released_from_2015": []
        },
        "movielens-100k.item": {
            "films": 1682, "undated": 2, "adult": 0,
            "genres": {
                "Action": 251, "Adventure": 135, "Animation": 42, "Children's": 122, "Comedy": 505,
                "Crime": 109, "Documentary": 50, "Drama": 725, "Fantasy": 22, "Film-Noir": 24,
                "Horror": 92, "Musical": 56, "Mystery": 61, "Romance": 247, "Sci-Fi": 101,
                "Thriller": 251, "War": 71, "Western": 27, "unknown": 2
            },
            "released_from_2015": []
        }
    })
}

/// The folder of the catalogues. One that could not be downloaded is not in it.
fn folder() -> PathBuf {
    setting("FILM_CATALOGUES").into()
}

/// Says so even when the output of tests is captured.
#[expect(clippy::explicit_write, reason = "eprintln! is captured")]
fn skipped(what: &str) {
    writeln!(stderr(), "\nSKIPPED: {what}").unwrap();
}

fn catalogue(name: &str) -> Option<String> {
    let file = folder().join(name);
    if file.exists() {
        return Some(file.to_str().unwrap().to_owned());
    }
    skipped(&format!("{name} could not be downloaded: its test did not run"));
    None
}

/// The number of films with the labels `new` and `upcoming` on the day of the test.
fn by_date(right: &Value) -> (u64, u64) {
    let now = Clock::default().now().naive_utc();
    let days = right["released_from_2015"].as_array().unwrap();
    let days = days.iter().map(|day| day.as_str().unwrap().parse::<NaiveDate>().unwrap());
    let is_new = |day: &NaiveDate| *day + Months::new(36) > now.date();
    let new = days.clone().filter(is_new).count() as u64;
    let upcoming = days.filter(|day| *day > now.date()).count() as u64;
    (new + right["undated"].as_u64().unwrap(), upcoming)
}

/// Imports, labels and lists a catalogue as a user would with the mapping file of the examples.
async fn check(name: &str, mapping: &str) {
    let Some(file) = catalogue(name) else { return };
    let right = &right_values()[name];
    let (new, upcoming) = by_date(right);
    let films = Films::new();
    let mapping = format!("{PROJECT}/../etl-labeler/examples/{mapping}");
    let imported = films.run(&["import", &file, "--mapping", &mapping]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    for (printed, expected) in [("lines", "films"), ("imported", "films"), ("undated", "undated")] {
        assert_eq!(imported.number(printed), right[expected], "{printed}: {imported:?}");
    }
    assert_eq!((imported.number("skipped"), imported.number("replaced")), (0, 0), "{imported:?}");

    let labelled = films.once().await;
    assert_eq!(labelled.number("written"), right["films"], "{labelled:?}");
    assert_eq!(labelled.number("matched.adult"), right["adult"]);
    assert_eq!(
        (labelled.number("matched.new"), labelled.number("matched.upcoming")),
        (new, upcoming)
    );
    for (genre, expected) in right["genres"].as_object().unwrap() {
        let query = json!({ "term": { "genres.name.keyword": genre } });
        assert_eq!(films.count(query).await, *expected, "{genre}");
    }
    let all = right["films"].as_u64().unwrap();
    assert_eq!(listed_for_a_guest(&films).await, all - new);
}

/// The number of films that movie-api lists for a guest, with the shipped rules.
async fn listed_for_a_guest(films: &Films) -> Value {
    let auth = TestServer::start().await;
    let mut movie = MOVIE_API.serve(&[
        ("MOVIE_LISTEN", "127.0.0.1:0"),
        ("MOVIE_OPS_LISTEN", "127.0.0.1:0"),
        ("AUTH_URL", &auth.url),
        ("ELASTICSEARCH_URL", &films.index.server),
        ("FILMS_INDEX", &films.index.name),
    ]);
    let url = format!("{}/movies/?page=1&total=exact", movie.url("api"));
    let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(listed["total_is"], "exact", "{listed}");
    listed["total"].clone()
}

#[tokio::test]
async fn films_without_ids_and_with_american_dates() {
    check("vega-movies.json", "vega-movies.toml").await;
}

#[tokio::test]
async fn a_table_with_years_alone_and_a_column_for_each_genre() {
    check("ggplot2-movies.csv", "ggplot2-movies.toml").await;
}

#[tokio::test]
async fn a_table_separated_by_tabs_with_genres_divided_by_spaces() {
    check("movielens-100k.item", "movielens-100k.toml").await;
}

#[test]
fn python_computes_the_same_values() {
    let script = Path::new(PROJECT).join("etl/import/catalogues.py");
    let ran = match Command::new("python3").arg(script).arg(folder()).output() {
        Ok(ran) => ran,
        Err(error) => {
            return skipped(&format!("the right values were not computed again: python3: {error}"));
        }
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let computed: Value = serde_json::from_slice(&ran.stdout).unwrap();
    for (name, computed) in computed.as_object().unwrap() {
        assert_eq!(*computed, right_values()[name], "{name}");
    }
}
