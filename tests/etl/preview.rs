use serde_json::json;

use crate::films::Films;

#[tokio::test]
async fn preview_shows_the_changes_and_writes_nothing() {
    let films = Films::new();
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}\n");
    films.import_many(3).await;
    films.once().await;
    films.rules("[[label]]\nname='all'\nquery={ids={values=['film-1']}}\nwithin={field='release_date',period='P1Y'}\n");
    let mapping = films.request("GET", "/_mapping", None).await;
    let before = films.film("film-1").await;

    let preview = films.run(&["preview", "--samples", "2"]).await;
    assert_eq!(preview.status, Some(0), "{preview:?}");
    assert_eq!((preview.number("films"), preview.number("would_write")), (3, 3));
    assert!(preview.stdout.contains("label=adult added=0 removed=3\n"), "{preview:?}");
    assert!(preview.stdout.contains("label=all added=1 removed=0\n"), "{preview:?}");
    assert!(preview.stdout.contains("film=film-1 +all -adult\n"), "{preview:?}");
    assert_eq!(preview.stdout.matches("film=").count(), 2);

    assert_eq!(films.film("film-1").await, before);
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(films.request("GET", "/_mapping", None).await, mapping);
    assert_eq!(films.count(json!({ "term": { "access.labels": "adult" } })).await, 3);
    films.once().await;
    assert_eq!(films.run(&["preview"]).await.number("would_write"), 0);
}
