//! `GET /favorites/movies`

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use super::{FavoriteSite, ids};
use crate::sample_films::{NEW, OLD};
use crate::site::get;

#[tokio::test]
async fn a_user_adds_lists_and_removes_favorites() {
    let site = FavoriteSite::open().await;
    let (ada, bob) = (site.register("ada").await, site.register("bob").await);
    for _ in 0..2 {
        let added = site.call(Method::POST, OLD, Some(&ada)).await.expect(204, "");
        assert_eq!(added.text, "");
    }
    let list = site.list("/", &ada).await;
    assert_json_snapshot!(list, { ".items[0]" => "[film]" }, @r#"
    {
      "hidden": 0,
      "items": [
        "[film]"
      ],
      "next": null,
      "page": null,
      "pages": null,
      "total": 1,
      "total_is": "exact"
    }
    "#);
    let film = get(&site.movie.url, &format!("/movies/{OLD}"), Some(&ada)).await.ok();
    assert_eq!(list["items"][0], film);
    assert_eq!(site.list("", &bob).await["total"], 0);
    assert_eq!(site.list("?total=exact", &ada).await, list);
    let among = site.list(&format!("?ids={OLD},{NEW}"), &ada).await;
    assert_eq!((&among["total"], &among["hidden"]), (&json!(1), &json!(0)));
    assert_eq!(site.list("?ids=another", &ada).await["total"], 0);
    site.call(Method::DELETE, OLD, Some(&bob)).await.expect(204, "");
    assert_eq!(site.list("", &ada).await["total"], 1);
    for _ in 0..2 {
        site.call(Method::DELETE, OLD, Some(&ada)).await.expect(204, "");
        assert_eq!(site.list("", &ada).await["total"], 0);
    }
}

#[tokio::test]
async fn a_film_is_added_if_it_can_be_read_and_listed_while_it_can() {
    let site = FavoriteSite::open().await;
    let (token, root) = (site.register("ada").await, site.superuser().await);
    for id in ["nope", "_search", "..%2F..", "a%00b", "%ff"] {
        let answer = site.call(Method::POST, id, Some(&token)).await;
        answer.expect(404, "film_not_found");
    }
    let refused = site.call(Method::POST, NEW, Some(&token)).await.expect(403, "film_forbidden");
    let shown = get(&site.movie.url, &format!("/movies/{NEW}"), Some(&token)).await;
    assert_eq!(refused.json(), shown.json());
    site.grant(&token, "subscriber").await;
    for id in [NEW, OLD] {
        site.call(Method::POST, id, Some(&token)).await.expect(204, "");
    }
    let list = site.list("", &token).await;
    assert_eq!((list["total"].clone(), list["hidden"].clone()), (json!(2), json!(0)));
    // Without the role the film is hidden, and appears again with it.
    let user = site.id(&token).await;
    let root = site.caller(Some(&root));
    root.delete(&format!("users/{user}/roles/subscriber")).await.ok();
    let list = site.list("", &token).await;
    assert_eq!((ids(&list), &list["total"], &list["hidden"]), (vec![OLD], &json!(1), &json!(1)));
    let page = site.list("?page=1", &token).await;
    assert_eq!((ids(&page), &page["pages"], &page["hidden"]), (vec![OLD], &json!(1), &json!(1)));
    // A film that no longer exists is hidden, too.
    site.fill(&user, 3).await;
    assert_eq!(site.list("", &token).await["hidden"], 4);
    site.grant(&token, "subscriber").await;
    assert_eq!(site.list("", &token).await["total"], 2);
}

#[tokio::test]
async fn favorites_are_listed_page_by_page() {
    let site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    for n in 0..14 {
        let id = format!("old-{n:02}");
        site.call(Method::POST, &id, Some(&token)).await.expect(204, "");
    }
    let whole = site.list("/", &token).await;
    let all = ids(&whole);
    assert_eq!((all.len(), &whole["next"]), (14, &Value::Null));
    let first = site.list("?page=1", &token).await;
    assert_eq!(ids(&first), all[..12]);
    assert_eq!(
        (&first["page"], &first["pages"], &first["total"]),
        (&1.into(), &2.into(), &14.into())
    );
    assert_eq!(ids(&site.list("/?page=2", &token).await), all[12..]);
    assert_eq!(site.list("?page=3", &token).await["items"], json!([]));
    let next = first["next"].as_str().unwrap();
    assert_eq!(ids(&site.list(&format!("?cursor={next}"), &token).await), all[12..]);
    for query in ["?page=0", "?page=x", "?page=1&page=2", "?cursor=x", "?pge=1"] {
        let path = format!("/favorites/movies{query}");
        assert_eq!(get(&site.movie.url, &path, Some(&token)).await.status, 422, "{query}");
    }
    let deep = get(&site.movie.url, "/favorites/movies?page=834", Some(&token)).await;
    assert_eq!(deep.problem(), (422, "page_too_deep".into()));
}
