//! `POST /auth/login/second-factor`

use serde_json::json;

use super::{Pair, assert_unchanged, credentials, own};
use crate::site::Site;

#[tokio::test]
async fn a_user_with_a_second_factor_receives_a_challenge_and_completes_it() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let recovery_code = site.enable_second_factor(&pair.access).await;

    let first = site.movie.post("/auth/login", &credentials("ada@example.com")).await.ok();
    assert_eq!((&first["mfa_required"], first.get("access_token")), (&json!(true), None));
    let step = |code: &str| json!({ "challenge": first["challenge"], "code": code });
    let wrong = step("no code");
    let relayed = site.movie.post("/auth/login/second-factor/", &wrong).await;
    assert_eq!(relayed.problem(), (401, "invalid_code".into()));
    assert_unchanged(&relayed, &own(&site, "auth/login/second-factor", &wrong).await);
    let right = step(&recovery_code);
    let pair = Pair::of(&site.movie.post("/auth/login/second-factor", &right).await);
    assert_eq!(site.get("/user/", Some(&pair.access)).await.json()["email"], "ada@example.com");
}
