//! `GET /movies/{id}`

use insta::assert_json_snapshot;

use crate::sample_films::{NEW, OLD};
use crate::site::Site;

#[tokio::test]
async fn a_guest_can_read_an_open_film() {
    let site = Site::open().await;
    let answer = site.get(&format!("/movies/{OLD}"), None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert!(answer.header("vary").contains("Authorization"));
    assert_json_snapshot!(answer.json(), @r#"
    {
      "description": "Something happens.",
      "directors": [
        {
          "id": "jane-doe",
          "name": "Jane Doe"
        }
      ],
      "genres": [
        {
          "id": "drama",
          "name": "Drama"
        }
      ],
      "id": "old-07",
      "imdb_rating": 8.0,
      "mpaa_rating": "PG",
      "release_date": "1994-09-23",
      "title": "Film old-07"
    }
    "#);
}

#[tokio::test]
async fn a_refusal_gives_the_reason_and_ends_when_the_role_is_granted() {
    let site = Site::open().await;
    let path = format!("/movies/{NEW}");
    let guest = site.get(&path, None).await;
    assert_eq!(guest.problem(), (403, "film_forbidden".into()));
    assert_json_snapshot!(guest.json(), { ".reason.code" => "[code]" }, @r#"
    {
      "caller": "guest",
      "code": "film_forbidden",
      "detail": "A guest may not read films with the label `new`.",
      "reason": {
        "code": "[code]",
        "label": "new"
      },
      "status": 403,
      "title": "The caller may not read this film.",
      "type": "about:blank"
    }
    "#);
    let token = site.register("bob").await;
    let user = site.get(&path, Some(&token)).await;
    assert_eq!((user.status, &user.json()["caller"]), (403, &"user".into()));
    site.grant(&token, "subscriber").await;
    assert_eq!(site.get(&path, Some(&token)).await.status, 200);
}

#[tokio::test]
async fn an_unknown_film_is_not_found() {
    let site = Site::open().await;
    let root = site.superuser().await;
    for path in ["/movies/nope", "/movies/%ff", "/movies/_search", "/movies/a%2Fb%00c"] {
        for token in [None, Some(root.as_str())] {
            assert_eq!(site.get(path, token).await.problem(), (404, "film_not_found".into()));
        }
    }
}
