//! auth-server is unavailable: accounts are, too, and nothing else.

use reqwest::Method;
use tests::Answer;

use super::{Pair, credentials};
use crate::site::Site;

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.problem(), (503, "accounts_unavailable".into()));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(answer.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn account_operations_are_503_until_auth_server_is_back() {
    let mut site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.auth.signal("KILL");
    site.auth.wait();
    let right = credentials("ada@example.com");
    assert_unavailable(&site.movie.post("/auth/login", &right).await);
    assert_unavailable(&site.movie.call(Method::PUT, "/auth/login", None, &pair.body()).await);
    assert_unavailable(&site.get("/user/", Some(&pair.access)).await);
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.restart_auth();
    let next = site.movie.call(Method::PUT, "/auth/login", None, &pair.body()).await;
    let next = Pair::of(&next);
    assert_eq!(site.get("/user/", Some(&next.access)).await.status, 200);
}

#[tokio::test]
async fn an_auth_server_that_does_not_answer_is_unavailable_after_the_timeout() {
    let site = Site::open().await;
    let movie = site.another(&[("MOVIE_ACCOUNTS_TIMEOUT_MS", "300")]);
    site.auth.signal("STOP");
    assert_unavailable(&movie.post("/auth/login", &credentials("ada@example.com")).await);
    site.auth.signal("CONT");
}
