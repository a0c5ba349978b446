//! Names that can be told apart, and codes however they are typed.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, TestServer, current_password, until};

fn cases(name: &str) -> Vec<Value> {
    let cases: Value = serde_json::from_str(include_str!("cases/names.json")).unwrap();
    cases[name].as_array().unwrap().clone()
}

fn texts(name: &str) -> Vec<String> {
    cases(name).iter().map(|case| case.as_str().unwrap().to_owned()).collect()
}

async fn register(server: &TestServer, login: &str, email: Option<&str>) -> Answer {
    let form = json!({ "login": login, "email": email, "password": PASSWORD });
    server.guest().post("auth/register", &form).await
}

#[tokio::test]
async fn a_login_has_characters_that_can_be_seen_and_told_apart() {
    let server = TestServer::start().await;
    let admin = server.register("admin").await;
    for login in texts("422") {
        let answer = register(&server, &login, None).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), "login", "{login:?}");
    }
    for login in texts("same account as admin") {
        register(&server, &login, None).await.expect(409, "login_taken");
        server.guest().log_in(&login, PASSWORD).await.ok();
    }
    let alike = texts("confusable with admin: 409");
    let other = server.register("grace").await;
    for login in &alike {
        let answer = register(&server, login, None).await.expect(409, "login_taken");
        assert!(answer.string("detail").contains("looks like"), "{answer}");
        let form = json!({ "login": login, "current_password": PASSWORD });
        other.put("me/login", &form).await.expect(409, "login_taken");
        // The owner may: there is no other account that it looks like.
        admin.put("me/login", &form).await.ok();
        other
            .put("me/login", &json!({ "login": "admin", "current_password": PASSWORD }))
            .await
            .expect(409, "login_taken");
    }
    // Most fonts tell these apart, and both are of ASCII alone.
    server.register("modern").await;
    server.register("modem").await;
}

#[tokio::test]
async fn of_concurrent_registrations_of_similar_logins_one_succeeds() {
    let server = TestServer::start().await;
    let logins = ["scope", "sc\u{43e}pe", "\u{455}cope", "scop\u{435}"];
    let answers = join_all(logins.map(|login| register(&server, login, None))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{statuses:?}");
}

#[tokio::test]
async fn one_mailbox_is_one_account() {
    let server = TestServer::start().await;
    for (number, pair) in cases("one mailbox").iter().enumerate() {
        let (one, other) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let (first, second) = (format!("first{number}"), format!("second{number}"));
        register(&server, &first, Some(one)).await.expect(201, "");
        register(&server, &second, Some(other)).await.expect(409, "email_taken");
        for typed in [one, other] {
            server.guest().log_in(typed, PASSWORD).await.ok();
        }
    }
}

#[tokio::test]
async fn names_that_earlier_versions_wrote_are_adopted_and_collisions_reported() {
    let server = TestServer::start().await;
    let database = &server.database;
    for login in ["ada", "bob", "eve", "mallory"] {
        server.register(login).await;
    }
    for (login, written, skeleton) in [
        // Full-width, as compared by earlier versions.
        ("bob", "\u{ff42}\u{ff4f}\u{ff42}", "NULL"),
        // Would be `ada`.
        ("eve", "\u{ff41}\u{ff44}\u{ff41}", "NULL"),
        ("mallory", "mallory", "NULL"),
    ] {
        let update = format!(
            "UPDATE users SET login = '{written}', login_key = '{written}', login_skeleton = {skeleton}
             WHERE login_key = '{login}'"
        );
        database.execute(&update).await;
    }
    database
        .execute("UPDATE users SET email = 'b@m\u{fc}nchen.example', email_key = 'b@m\u{fc}nchen.example' WHERE login = 'mallory'")
        .await;
    let next = server.replica(&[]).await;
    until("all are adopted", async || {
        database.count("SELECT count(*) FROM users WHERE login_skeleton IS NULL").await == 0
            && database.count("SELECT count(*) FROM users WHERE email_key LIKE '%@xn--%'").await
                == 1
    })
    .await;
    for typed in ["bob", "\u{ff42}\u{ff4f}\u{ff42}", "ada", "mallory", "b@xn--mnchen-3ya.example"] {
        next.guest().log_in(typed, PASSWORD).await.ok();
    }
    let ids = database
        .count("SELECT count(*) FROM users WHERE login_key = '\u{ff41}\u{ff44}\u{ff41}'")
        .await;
    assert_eq!(ids, 1, "the colliding login is left as it is");
    // A user who types it means the account that had the login first.
    register(&next, "m\u{430}llory", None).await.expect(409, "login_taken");
}

#[tokio::test]
async fn codes_are_read_alike_wherever_one_is_taken() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let begun = user.post("me/second-factor", &current_password()).await.ok();
    let app = tests::AuthenticatorApp::scan(&begun);
    let spelled = |code: &str, form: &str| -> String {
        let mut digits = code.chars();
        let wide = form.contains('\u{ff11}');
        let widened =
            |digit: char| char::from_u32(u32::from(digit) - u32::from('0') + 0xff10).unwrap();
        let digit = |digit: char| if wide { widened(digit) } else { digit };
        form.chars()
            .map(|c| if c.is_alphanumeric() { digit(digits.next().unwrap()) } else { c })
            .collect()
    };
    let forms = texts("codes read alike");
    let dashed = spelled(&app.code(&server), &forms[4]);
    let confirmed = user.post("me/second-factor/confirm", &json!({ "code": dashed })).await.ok();
    for form in &forms {
        server.clock.advance(chrono::TimeDelta::seconds(31));
        let challenge = server.guest().log_in("ada", PASSWORD).await.ok()["challenge"].clone();
        let code = spelled(&app.code(&server), form);
        let second = json!({ "challenge": challenge, "code": code });
        server.guest().post("auth/login/second-factor", &second).await.ok();
    }
    server.clock.advance(chrono::TimeDelta::seconds(31));
    let wide = spelled(&app.code(&server), &forms[5]);
    user.post("me/second-factor/recovery-codes", &json!({ "code": wide })).await.ok();
    assert!(confirmed["recovery_codes"].is_array());
}
