//! `/api/v1/me/second-factor…`

use std::collections::{BTreeSet, HashSet};

use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Answer, AuthenticatorApp, PASSWORD, TestServer, User, current_password};

pub(super) async fn remove(user: &User, credential: &Value) -> Answer {
    user.delete_with("me/second-factor", credential).await
}

async fn unlink(user: &User, credential: &Value) -> Answer {
    let path = "me/identities/00000000-0000-4000-8000-000000000000";
    user.delete_with(path, credential).await
}

pub(super) async fn renew(user: &User, credential: &Value) -> Answer {
    user.post("me/second-factor/recovery-codes", credential).await
}

#[tokio::test]
async fn a_second_factor_is_active_after_its_first_code() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let off = r#"{"active":false,"recovery_codes_left":0}"#;
    assert_eq!(user.get("me/second-factor").await.text, off);
    let begun = user.post("me/second-factor", &current_password()).await;
    assert_eq!(begun.header("cache-control"), "no-store");
    let app = AuthenticatorApp::scan(&begun.ok());
    assert_eq!(user.get("me/second-factor").await.text, off);
    server.log_in("ada").await;
    let wrong = json!({ "code": app.wrong_code(&server) });
    assert_snapshot!(user.post("me/second-factor/confirm", &wrong).await, @r#"
    403
    {
      "code": "invalid_code",
      "status": 403,
      "title": "The code is invalid, expired or already used.",
      "type": "about:blank"
    }
    "#);
    let code = json!({ "code": app.code(&server) });
    let confirmed = user.post("me/second-factor/confirm", &code).await.ok();
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    let distinct: HashSet<&str> = codes.iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!((codes.len(), distinct.len()), (10, 10));
    let on = r#"{"active":true,"recovery_codes_left":10}"#;
    assert_eq!(user.get("me/second-factor").await.text, on);
}

#[tokio::test]
async fn the_qr_code_the_uri_and_the_secret_agree() {
    let settings = [("AUTH_SECOND_FACTOR_NAME", "Film: club")];
    let server = TestServer::with(&settings).await;
    let user = server.register("ada: lovelace/countess").await;
    let begun = user.post("me/second-factor", &current_password()).await.ok();
    let (uri, secret) = (begun["uri"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    assert_eq!(decode_qr_code(begun["qr_svg"].as_str().unwrap()), uri);
    let start = "otpauth://totp/Film%20%20club:ada%20%20lovelace%2Fcountess?";
    assert!(uri.starts_with(start), "{uri}");
    assert!(uri.contains(&format!("secret={secret}")), "{uri}");
    assert_eq!(secret.len(), 32, "160 bits in base32");
    let again = user.post("me/second-factor", &current_password()).await.ok();
    assert_ne!(again["secret"], begun["secret"]);
    let code = json!({ "code": AuthenticatorApp::scan(&begun).code(&server) });
    user.post("me/second-factor/confirm", &code).await.expect(403, "invalid_code");
    let code = json!({ "code": AuthenticatorApp::scan(&again).code(&server) });
    user.post("me/second-factor/confirm", &code).await.expect(200, "");
}

/// The text that a camera reads in the QR code.
fn decode_qr_code(svg: &str) -> String {
    let number = |text: &str| text.parse::<usize>().unwrap();
    let width = number(svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap());
    let mut dark = vec![false; width * width];
    let path = svg.split("d=\"M").nth(1).unwrap().split('"').next().unwrap();
    for square in path.split('M') {
        // As in `10 20h5v5H10V20`.
        let numbers: Vec<usize> = square.split([' ', 'h', 'v', 'H', 'V']).map(number).collect();
        for y in numbers[1]..numbers[1] + numbers[3] {
            dark[y * width..][numbers[0]..numbers[0] + numbers[2]].fill(true);
        }
    }
    let mut image =
        rqrr::PreparedImage::prepare_from_bitmap(width, width, |x, y| dark[y * width + x]);
    image.detect_grids()[0].decode().unwrap().1
}

#[tokio::test]
async fn a_wrong_password_cannot_begin_change_or_remove_a_second_factor() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let wrong = json!({ "current_password": "wrong" });
    user.post("me/second-factor", &wrong).await.expect(403, "current_password_wrong");
    let (app, _) = server.enroll(&user).await;
    remove(&user, &wrong).await.expect(403, "current_password_wrong");
    renew(&user, &wrong).await.expect(403, "current_password_wrong");
    let again = json!({ "code": app.code(&server) });
    remove(&user, &again).await.expect(403, "invalid_code");
    renew(&user, &again).await.expect(403, "invalid_code");
    assert_eq!(
        remove(&user, &json!({})).await.expect(422, "field_invalid").field(),
        "current_password"
    );
    let both = json!({ "current_password": PASSWORD, "code": app.code_after(&server, 1) });
    assert_eq!(renew(&user, &both).await.expect(422, "field_invalid").field(), "code");
    assert!(user.get("me/second-factor").await.ok()["active"].as_bool().unwrap());
    renew(&user, &wrong).await.expect(403, "current_password_wrong");
    user.post("me/second-factor", &current_password()).await.expect(429, "too_many_attempts");
}

#[tokio::test]
async fn a_second_factor_can_be_removed_by_password_code_or_recovery_code() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for round in 0..3 {
        let (app, recovery) = server.enroll(&user).await;
        let credential = match round {
            0 => current_password(),
            1 => json!({ "code": app.code_after(&server, 1) }),
            _ => json!({ "code": recovery[3].to_uppercase() }),
        };
        remove(&user, &credential).await.expect(204, "");
        let off = r#"{"active":false,"recovery_codes_left":0}"#;
        assert_eq!(user.get("me/second-factor").await.text, off);
        server.log_in("ada").await;
    }
    remove(&user, &current_password()).await.expect(404, "second_factor_not_found");
    remove(&user, &json!({ "code": "000000" })).await.expect(403, "invalid_code");
}

#[tokio::test]
async fn new_recovery_codes_replace_the_old_ones() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    renew(&user, &current_password()).await.expect(404, "second_factor_not_found");
    let (_, old) = server.enroll(&user).await;
    let new = renew(&user, &json!({ "code": old[0] })).await.ok();
    let new = new["recovery_codes"].as_array().unwrap();
    assert_eq!(user.get("me/second-factor").await.ok()["recovery_codes_left"], 10);
    remove(&user, &json!({ "code": old[1] })).await.expect(403, "invalid_code");
    remove(&user, &json!({ "code": new[1] })).await.expect(204, "");
}

#[tokio::test]
async fn an_active_second_factor_cannot_be_begun_or_confirmed_again() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let none = json!({ "code": "000000" });
    user.post("me/second-factor/confirm", &none).await.expect(409, "second_factor_not_begun");
    let (app, _) = server.enroll(&user).await;
    let code = json!({ "code": app.code_after(&server, 1) });
    user.post("me/second-factor/confirm", &code).await.expect(409, "second_factor_active");
    user.post("me/second-factor", &current_password()).await.expect(409, "second_factor_active");
    let challenge = server.challenge("ada").await;
    let body = json!({ "challenge": challenge, "code": app.code_after(&server, 1) });
    server.guest().post("auth/login/second-factor", &body).await.expect(200, "");
}

#[tokio::test]
async fn neither_the_secret_nor_a_recovery_code_is_stored_in_plain_text() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let begun = user.post("me/second-factor", &current_password()).await.ok();
    let secret = totp_rs::Secret::try_from_base32(begun["secret"].as_str().unwrap()).unwrap();
    let app = AuthenticatorApp::scan(&begun);
    let code = json!({ "code": app.code(&server) });
    let confirmed = user.post("me/second-factor/confirm", &code).await.ok();
    let pool = server.database.pool().await;
    let encrypted: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM second_factors").fetch_one(&pool).await.unwrap();
    let holds = |row: &[u8], text: &[u8]| row.windows(text.len()).any(|part| part == text);
    assert!(!holds(&encrypted, secret.as_bytes()));
    let hashes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM recovery_codes").fetch_all(&pool).await.unwrap();
    pool.raw().close().await;
    for code in confirmed["recovery_codes"].as_array().unwrap() {
        let code = code.as_str().unwrap();
        for typed in [code.to_owned(), code.replace('-', "")] {
            assert!(hashes.iter().all(|hash| !holds(hash, typed.as_bytes())));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_with_a_full_hashing_queue_says_when_to_retry() {
    let settings = [("AUTH_PASSWORD_QUEUE", "1"), ("AUTH_PASSWORD_THREADS", "1")];
    let server = TestServer::with(&settings).await;
    let user = server.register("ada").await;
    let (user, right) = (&user, &current_password());
    let link = &json!({ "provider": "nobody", "current_password": PASSWORD });
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let rounds = (0..8).map(|_| async {
            let all = tokio::join!(
                user.post("me/second-factor", right),
                remove(user, right),
                renew(user, right),
                user.put("me/user-agents", right),
                user.post("me/identities", link),
                unlink(user, right),
            );
            [all.0, all.1, all.2, all.3, all.4, all.5]
        });
        for answer in join_all(rounds).await.into_iter().flatten() {
            if answer.status == 503 {
                let answer = answer.expect(503, "hashing_busy");
                seen.insert((answer.method.to_string(), answer.path));
            }
        }
        if seen.len() == 6 {
            return;
        }
    }
    panic!("only {seen:?} were ever busy");
}
