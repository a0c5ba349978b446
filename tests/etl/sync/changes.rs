use serde_json::json;
use sqlx::Executor;

use super::{A, B, Site};

/// Two labelled films, and an index that is like the database.
async fn synced() -> Site {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database.film(B, "Brazil", "1985-02-20", Some(7.8)).await;
    for film in [A, B] {
        site.database.genre(film, "Fiction").await;
        site.database.credit(film, "Director", "director").await;
    }
    site.sync().await;
    site.films.once().await;
    site.forget_recent().await;
    assert_eq!(site.sync().await.number("seen"), 0);
    site
}

/// Syncs, which must write this film alone, without labels until the next run.
async fn writes_only(site: &Site, film: &str) {
    let synced = site.sync().await;
    assert_eq!((synced.number("seen"), synced.number("written")), (1, 1), "{synced:?}");
    assert_eq!(site.films.film(film).await["access"], json!(null), "closed");
    assert_eq!(site.films.labelled().await, 1, "the other film keeps its labels");
    site.films.once().await;
    assert_eq!(site.films.labelled().await, 2);
    site.forget_recent().await;
}

#[tokio::test]
async fn a_change_of_a_film_a_genre_a_person_or_a_link_writes_its_films() {
    let site = synced().await;
    let of = |table: &str| {
        format!("(SELECT {table}_id FROM content.{table}_film_work WHERE film_work_id = '{A}')")
    };

    let film = format!(
        "UPDATE content.film_work SET title = 'Alien 2', modified = now() WHERE id = '{A}'"
    );
    site.database.execute(&film).await;
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["title"], "Alien 2");

    let genre = format!(
        "UPDATE content.genre SET name = 'Horror', modified = now() WHERE id = {}",
        of("genre")
    );
    site.database.execute(&genre).await;
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["genres"][0]["name"], "Horror");

    let person = format!(
        "UPDATE content.person SET full_name = 'Scott', modified = now() WHERE id = {}",
        of("person")
    );
    site.database.execute(&person).await;
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["directors"][0]["name"], "Scott");

    site.database.credit(A, "Weaver", "actor").await;
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["actors"][0]["name"], "Weaver");
    site.database.genre(A, "Space").await;
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["genres"][1]["name"], "Space");
}

#[tokio::test]
async fn a_film_that_is_committed_late_is_found() {
    let site = synced().await;
    let mut late = site.database.connect().await;
    late.execute("BEGIN").await.unwrap();
    late.execute("UPDATE content.film_work SET title = 'Late', modified = now() - interval '9 minutes' WHERE title = 'Alien'")
        .await
        .unwrap();
    assert_eq!(site.sync().await.number("seen"), 0);
    late.execute("COMMIT").await.unwrap();
    writes_only(&site, A).await;
    assert_eq!(site.films.film(A).await["title"], "Late");
}

#[tokio::test]
async fn a_sync_without_changes_writes_nothing_at_all() {
    let site = synced().await;
    let position = site.position().await;
    let state = async || {
        let path = "/_stats/indexing?filter_path=_all.total.indexing.index_total";
        (site.films.request("GET", path, None).await, site.films.index.aliases().await)
    };
    let before = state().await;
    let synced = site.sync().await;
    assert!(synced.stdout.starts_with("full=false seen=0 written=0"), "{synced:?}");
    assert_eq!((state().await, site.position().await), (before, position));
}

/// A link has no time of its removal, and an import of old data may keep the times of the old database.
#[tokio::test]
async fn what_no_time_tells_is_found_by_a_full_comparison() {
    let site = synced().await;
    site.database.execute("DELETE FROM content.genre_film_work").await;
    site.database.execute("UPDATE content.film_work SET modified = NULL").await;
    assert_eq!(site.sync().await.number("seen"), 0);
    let full = site.run(&["sync", "--full"]).await;
    assert_eq!((full.number("seen"), full.number("written")), (2, 2), "{full:?}");
    assert_eq!(site.films.film(A).await.get("genres"), None);
}

#[tokio::test]
async fn another_database_is_compared_in_full() {
    let (site, other) = (synced().await, Site::new().await);
    other.database.film(A, "Another", "1979-05-25", Some(8.5)).await;
    other.forget_recent().await;
    let synced = site.run_on(&other.database.url(), &["sync"]).await;
    assert_eq!((synced.number("written"), synced.number("deleted")), (1, 1), "{synced:?}");
    assert_eq!(site.films.film(A).await["title"], "Another");
}
