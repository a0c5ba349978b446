//! The parameters of `GET /movies/` that select films.

use serde_json::{Value, json};
use tests::Index;

use crate::site::Site;

const FILMS: [(&str, &str, &str, &str, &str); 5] = [
    ("alien", "Alien", "1979-05-25", "Ridley Scott", "A crew meets a deadly lifeform."),
    ("aliens", "Aliens", "1986-07-18", "James Cameron", "Marines fight what the crew met."),
    ("blade-runner", "Blade Runner", "1982-06-25", "Ridley Scott", "A policeman hunts replicants."),
    ("abyss", "the Abyss", "1989-08-09", "James Cameron", "Divers meet an alien intelligence."),
    ("leon", "Léon: The Professional", "1994-12-31", "Luc Besson", "A killer and a girl."),
];

async fn add_films(index: &Index) {
    for (n, (id, title, date, director, description)) in FILMS.into_iter().enumerate() {
        let genre = if n % 2 == 0 { "science-fiction" } else { "war" };
        let film = json!({
            "id": id, "title": title, "release_date": date, "imdb_rating": 9.0 + f64::from(u8::try_from(n).unwrap()) / 10.0,
            "genres": [{ "id": genre, "name": genre }, { "id": "classic", "name": "Classic" }],
            "directors": [{ "id": director.to_lowercase().replace(' ', "-"), "name": director }],
            "description": description,
            "access": { "labels": [], "labelled_at": "2025-01-01T00:00:00Z" },
        });
        index.put(id, &film).await;
    }
    let hidden = json!({ "id": "hidden", "title": "Alien Hidden", "imdb_rating": 10 });
    index.put("hidden", &hidden).await;
}

async fn found(site: &Site, query: &str) -> Vec<String> {
    let answer = site.get(&format!("/movies/?{query}"), None).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let list = answer.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["total"], items.len());
    items.iter().map(|film| film["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn films_are_found_by_their_words_with_typos_and_by_prefixes() {
    let site = Site::open().await;
    add_films(&site.index).await;
    for (text, films) in [
        ("alien", &["alien", "aliens", "abyss"][..]),
        ("ALIEN", &["alien", "aliens", "abyss"]),
        ("bladr+runer", &["blade-runner"]),
        ("balde", &["blade-runner"]),
        ("blad", &["blade-runner"]),
        ("scot+alien", &["alien"]),
        ("ridley", &["blade-runner", "alien"]),
        ("replicants", &["blade-runner"]),
        ("replic", &["blade-runner"]),
        ("L%C3%A9on:+the+prof", &["leon"]),
        ("alien+zeppelin", &[]),
        ("hidden", &[]),
        ("!!", &[]),
        ("%00", &[]),
        ("title%3A*+zzz*", &[]),
    ] {
        assert_eq!(found(&site, &format!("query={text}")).await, films, "{text}");
    }
    assert_eq!(found(&site, "query=+&ids=alien").await, ["alien"]);
}

#[tokio::test]
async fn parameters_are_combined_and_the_order_can_be_chosen() {
    let site = Site::open().await;
    add_films(&site.index).await;
    let all = "ids=alien,aliens,,blade-runner, abyss,leon,leon,hidden,nope";
    for (query, films) in [
        ("ids=", &[][..]),
        (all, &["leon", "abyss", "blade-runner", "aliens", "alien"]),
        (
            &format!("{all}&sort=rating&status=new"),
            &["leon", "abyss", "blade-runner", "aliens", "alien"],
        ),
        (&format!("{all}&status=new"), &["leon", "abyss", "aliens", "blade-runner", "alien"]),
        (
            &format!("{all}&sort=release_date"),
            &["leon", "abyss", "aliens", "blade-runner", "alien"],
        ),
        ("genre=war", &["abyss", "aliens"]),
        ("genre=classic&director=ridley-scott", &["blade-runner", "alien"]),
        ("genre=war&director=ridley-scott", &[]),
        ("genre=War", &[]),
        ("director=ridley", &[]),
        ("year=1994&director=luc-besson", &["leon"]),
        ("year_from=1980&year_to=1986&genre=classic", &["blade-runner", "aliens"]),
        ("year_from=1986&genre=classic&year_to=1986", &["aliens"]),
        ("year_from=1990&year_to=1980", &[]),
        ("year=1979&year_from=1980", &[]),
        ("min_rating=9.3", &["leon", "abyss"]),
        ("query=alien&min_rating=9.1&sort=release_date", &["abyss", "aliens"]),
    ] {
        assert_eq!(found(&site, query).await, films, "{query}");
    }
    let titles = found(&site, &format!("{all}&sort=title")).await;
    assert_eq!(titles.len(), 5);
    assert_eq!(titles[..3], ["alien", "aliens", "blade-runner"]);
}

#[tokio::test]
async fn a_cursor_continues_every_order_and_belongs_to_it() {
    let site = Site::open().await;
    add_films(&site.index).await;
    let root = site.superuser().await;
    let root = Some(root.as_str());
    let mut cursors: Vec<String> = Vec::new();
    for order in ["", "&status=new", "&sort=title", "&query=film"] {
        let whole = site.get(&format!("/movies/?{order}"), root).await.json();
        let mut items: Vec<Value> = Vec::new();
        let mut page = site.get(&format!("/movies/?page=1{order}"), root).await.json();
        cursors.push(page["next"].as_str().unwrap().to_owned());
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        while let Some(next) = page["next"].as_str() {
            page = site.get(&format!("/movies/?cursor={next}{order}"), root).await.json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(&items, whole["items"].as_array().unwrap(), "{order}");
    }
    for other in &cursors[1..] {
        let answer = site.get(&format!("/movies/?cursor={other}"), root).await;
        assert_eq!(answer.problem(), (422, "field_invalid".into()));
        assert_eq!(answer.json()["field"], "cursor");
    }
}
