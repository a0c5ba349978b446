//! Generated films, with fields of realistic sizes.

use std::io::{BufWriter, Write};

use chrono::{Days, NaiveDate};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

pub(crate) const WORDS: &[&str] = &[
    "after",
    "army",
    "city",
    "claims",
    "crew",
    "crosses",
    "daughter",
    "detective",
    "dream",
    "empire",
    "escapes",
    "family",
    "father",
    "finds",
    "fire",
    "friend",
    "ghost",
    "girl",
    "harbour",
    "heist",
    "house",
    "island",
    "journey",
    "killer",
    "king",
    "last",
    "letter",
    "loses",
    "love",
    "midnight",
    "mother",
    "mountain",
    "night",
    "ocean",
    "old",
    "prison",
    "promise",
    "queen",
    "rain",
    "returns",
    "river",
    "road",
    "secret",
    "silent",
    "soldier",
    "song",
    "stranger",
    "summer",
    "train",
    "village",
    "war",
    "wedding",
    "winter",
    "witness",
    "young",
];
const GENRES: &[&str] = &[
    "Action",
    "Adventure",
    "Animation",
    "Biography",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "History",
    "Horror",
    "Music",
    "Musical",
    "Mystery",
    "Romance",
    "Science Fiction",
    "Sport",
    "Thriller",
    "War",
    "Western",
];
const RATINGS: &[&str] = &["G", "PG", "PG-13", "R", "NC-17"];
const DIRECTORS: u32 = 50_000;

/// A file with this many films, one a line. The same films each time.
pub(crate) fn generate(count: u32) -> anyhow::Result<NamedTempFile> {
    let file = NamedTempFile::with_suffix(".ndjson")?;
    let mut lines = BufWriter::new(file.as_file());
    let mut random = StdRng::seed_from_u64(1895);
    for number in 0..count {
        writeln!(lines, "{}", film(number, &mut random))?;
    }
    lines.flush()?;
    drop(lines);
    Ok(file)
}

fn film(number: u32, random: &mut StdRng) -> Value {
    let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default();
    let released = first.checked_add_days(Days::new(random.random_range(0..46_500)));
    let (words, plot) = (random.random_range(1..5), random.random_range(30..80));
    let genres: Vec<Value> =
        some(GENRES, random).into_iter().map(|name| named(name, name)).collect();
    let director = random.random_range(0..DIRECTORS);
    json!({
        "id": format!("film-{number:07}"),
        "title": text(words, random),
        "release_date": released.map(|date| date.to_string()),
        "imdb_rating": f64::from(random.random_range(10..100)) / 10.0,
        "mpaa_rating": RATINGS.choose(random),
        "genres": genres,
        "directors": [named(&format!("director-{director}"), &format!("Director {director}"))],
        "description": text(plot, random),
    })
}

fn some<'a>(names: &[&'a str], random: &mut StdRng) -> Vec<&'a str> {
    let count = random.random_range(1..4);
    names.choose_multiple(random, count).copied().collect()
}

fn named(id: &str, name: &str) -> Value {
    json!({ "id": id.to_lowercase().replace(' ', "-"), "name": name })
}

fn text(words: usize, random: &mut StdRng) -> String {
    let words: Vec<&str> = (0..words).filter_map(|_| WORDS.choose(random).copied()).collect();
    words.join(" ")
}
