//! Requirements for passwords, and how they are stored.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, TestServer};

/// Registers an account with this password, whatever the outcome.
async fn register(server: &TestServer, login: &str, password: &str) -> Answer {
    let body = json!({
        "login": login, "password": password, "email": format!("{login}@blackwater.example"),
        "first_name": "Thaddeus", "last_name": "Vanterpool",
    });
    server.guest().post("auth/register", &body).await
}

fn advice(answer: Answer) -> String {
    let problem = answer.expect(422, "password_rejected").json();
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn passwords_have_8_to_128_characters_of_any_kind() {
    let server = TestServer::start().await;
    let longest = "vT7#qpL2!x kD".repeat(10)[..128].to_owned();
    let good = ["vT7#qpL2!", "purple otter sideways", "ぬるぽガッと言われた朝に走る", &longest];
    for (number, password) in good.iter().enumerate() {
        register(&server, &format!("user-{number}"), password).await.expect(201, "");
        let body = json!({ "login": format!("user-{number}"), "password": password });
        server.guest().post("auth/login", &body).await.expect(200, "");
    }
    let short = advice(register(&server, "short", "vT7#qpL").await);
    assert_eq!(short, "Use at least 8 characters.");
    let long = advice(register(&server, "long", &format!("{longest}x")).await);
    assert_eq!(long, "Use at most 128 characters.");
}

#[tokio::test]
async fn estimating_the_strength_of_a_password_is_fast() {
    let server = TestServer::with(&[("AUTH_PASSWORD_THREADS", "1")]).await;
    let body = json!({ "login": "ada", "password": "4@8({[<3691!|7105$+%2".repeat(7)[..128] });
    let guest = server.guest();
    let judged = guest.post("auth/register", &body);
    // A debug build is twenty times slower than a release build.
    let judged = tokio::time::timeout(Duration::from_secs(10), judged).await;
    judged.expect("judged in time").expect(201, "");
}

#[tokio::test]
async fn a_longer_minimum_can_be_required_without_a_second_factor() {
    let server = TestServer::with(&[("AUTH_PASSWORD_MIN_LENGTH_SINGLE_FACTOR", "15")]).await;
    let advice = advice(register(&server, "ada", "vT7#qpL2!xkD9$").await);
    assert_eq!(advice, "Use at least 15 characters; 8 are enough only with a second factor.");
    register(&server, "ada", "vT7#qpL2!xkD9$z").await.expect(201, "");
}

#[tokio::test]
async fn a_shorter_password_is_accepted_with_a_second_factor() {
    let server = TestServer::with(&[("AUTH_PASSWORD_MIN_LENGTH_SINGLE_FACTOR", "15")]).await;
    let user = server.register("ada").await;
    let change = |from: &str, to: &str| json!({ "current_password": from, "new_password": to });
    let short = "vT7#qpL2!";
    let refused = user.put("me/password", &change(PASSWORD, short)).await;
    let advice = advice(refused);
    assert_eq!(advice, "Use at least 15 characters; 8 are enough only with a second factor.");
    server.enroll(&user).await;
    user.put("me/password", &change(PASSWORD, short)).await.expect(204, "");
    user.put("me/password", &change(short, "vT7#qpL")).await.expect(422, "password_rejected");
    // Without the second factor the password remains valid until it is changed.
    let remove = user.request(reqwest::Method::DELETE, "me/second-factor");
    user.send(remove.json(&json!({ "current_password": short }))).await.expect(204, "");
    server.guest().log_in("ada", short).await.expect(200, "");
    user.put("me/password", &change(short, "vT7#qpL3!")).await.expect(422, "password_rejected");
}

#[tokio::test]
async fn common_passwords_are_refused_case_insensitively() {
    let server = TestServer::start().await;
    for password in ["Password1", "qwertyuiop", "ILoveYou!", "trustno1", "to be or not to be"] {
        let advice = advice(register(&server, "ada", password).await);
        assert!(advice.starts_with("This is one of the passwords"), "{advice}");
    }
}

#[tokio::test]
async fn a_password_cannot_be_made_of_the_users_own_names() {
    let server = TestServer::start().await;
    let own = ["vanterpool1", "thaddeusvanterpool", "ada-lovelace", "blackwater.example"];
    for password in own {
        advice(register(&server, "ada-lovelace", password).await);
    }
    // A password without these names is accepted.
    register(&server, "ada-lovelace", PASSWORD).await.expect(201, "");
    let user = server.log_in("ada-lovelace").await;
    for password in own {
        let change = json!({ "current_password": PASSWORD, "new_password": password });
        advice(user.put("me/password", &change).await);
    }
}

fn login() -> Value {
    json!({ "login": "ada", "password": PASSWORD })
}

#[tokio::test]
async fn stored_hashes_are_upgraded_at_login_when_the_cost_rises() {
    let cheap = [("AUTH_PASSWORD_MEMORY_KIB", "1024"), ("AUTH_PASSWORD_PASSES", "1")];
    let server = TestServer::with(&cheap).await;
    server.register("ada").await;
    let stored = async |like: &str| {
        let query = format!("SELECT count(*) FROM users WHERE password_hash LIKE '{like}%'");
        server.database.count(&query).await == 1
    };
    assert!(stored("$argon2id$v=19$m=1024,t=1,p=1$").await);
    let dearer = [("AUTH_PASSWORD_MEMORY_KIB", "19456"), ("AUTH_PASSWORD_PASSES", "2")];
    let other = server.replica(&dearer).await;
    let (guest, login_now) = (other.guest(), login());
    let answers = join_all((0..12).map(|_| guest.post("auth/login", &login_now))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
    assert!(stored("$argon2id$v=19$m=19456,t=2,p=1$").await);
    // A lower cost does not weaken a stored hash.
    server.guest().post("auth/login", &login()).await.expect(200, "");
    assert!(stored("$argon2id$v=19$m=19456,t=2,p=1$").await);
}

#[tokio::test]
async fn a_stored_hash_beyond_the_cost_limits_matches_no_password() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let rest = "c29tZXNhbHRzb21lc2FsdA$PqP1yUyqmS3B0Zb2EKw3iIPvFWVGsKPvhXRVrMXeUvE";
    for parameters in ["m=4194304,t=2,p=1", "m=19456,t=100000,p=1", "m=19456,t=2,p=200"] {
        let stored = format!("$argon2id$v=19${parameters}${rest}");
        server.database.execute(&format!("UPDATE users SET password_hash = '{stored}'")).await;
        let started = std::time::Instant::now();
        server.guest().post("auth/login", &login()).await.expect(401, "credentials_invalid");
        assert!(started.elapsed() < std::time::Duration::from_secs(3), "{parameters}");
    }
    let change = json!({ "current_password": PASSWORD, "new_password": "purple otter sideways" });
    user.put("me/password", &change).await.expect(403, "current_password_wrong");
}
