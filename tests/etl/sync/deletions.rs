use serde_json::json;

use super::{A, B, Site};

#[tokio::test]
async fn deleted_films_are_removed_by_a_full_comparison() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database.film(B, "Brazil", "1985-02-20", Some(7.8)).await;
    site.sync().await;
    site.films.put("from-a-file", json!({ "title": "Not of the database" })).await;
    site.database.execute(&format!("DELETE FROM content.film_work WHERE id = '{A}'")).await;
    assert_eq!(site.sync().await.number("deleted"), 0);
    let full = site.run(&["sync", "--full"]).await;
    assert_eq!((full.status, full.number("deleted")), (Some(0), 1), "{full:?}");
    assert!(site.films.film(A).await.is_null());
    assert!(site.films.film("from-a-file").await.is_object());
    assert!(site.films.film(B).await.is_object());
}

/// A former version might be open to more users.
#[tokio::test]
async fn a_film_that_cannot_be_indexed_is_taken_from_the_index() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database.film(B, "Brazil", "1985-02-20", Some(7.8)).await;
    site.sync().await;
    for change in
        ["description = repeat('x', 5000000)", "description = '', certificate = repeat('x', 40000)"]
    {
        let update =
            format!("UPDATE content.film_work SET {change}, modified = now() WHERE id = '{A}'");
        site.database.execute(&update).await;
        let synced = site.run(&["sync"]).await;
        assert_eq!((synced.status, synced.number("skipped")), (Some(65), 1), "{synced:?}");
        assert!(synced.stderr.contains(A), "{synced:?}");
        assert!(site.films.film(A).await.is_null());

        let update =
            "UPDATE content.film_work SET description = '', certificate = 'R', modified = now()";
        site.database.execute(update).await;
        site.sync().await;
        assert!(site.films.film(A).await.is_object());
    }
    assert!(site.films.film(B).await.is_object());
}

#[tokio::test]
async fn a_database_that_has_lost_many_films_takes_none_from_the_index() {
    let site = Site::new().await;
    site.database.films(30).await;
    site.sync().await;
    site.database.execute("DELETE FROM content.film_work WHERE title::int <= 12").await;
    let refused = site.run(&["sync", "--full"]).await;
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(
        refused.stderr.contains("12 of 30 films are no longer in the film database"),
        "{refused:?}"
    );
    let all = json!({ "match_all": {} });
    assert_eq!(site.films.count(all.clone()).await, 30);
    // Until the next full comparison the other changes are followed.
    assert_eq!(site.run(&["sync"]).await.status, Some(0));
    let forced = site.run(&["sync", "--full", "--force"]).await;
    assert_eq!((forced.status, forced.number("deleted")), (Some(0), 12), "{forced:?}");
    assert_eq!(site.films.count(all).await, 18);
}
