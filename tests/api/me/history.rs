//! `GET /api/v1/me/history` and `GET /api/v1/users/{id}/history`

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta};
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::oidc::OidcSite;
use tests::{Answer, Caller, PASSWORD, TestServer, current_password, until};

async fn log_in(guest: &Caller, login: &str, password: &str, agent: &str) -> Answer {
    let form = json!({ "login": login, "password": password });
    let request = guest.request(Method::POST, "auth/login").json(&form);
    guest.send(request.header("user-agent", agent)).await
}

fn outcomes(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|i| i["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_user_sees_every_login_attempt_with_its_outcome_newest_first() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let guest = server.guest();
    log_in(&guest, "ada", "not it", "curl/8").await.expect(401, "credentials_invalid");
    log_in(&guest, "ADA", PASSWORD, &"x".repeat(500)).await.expect(200, "");
    let answer = user.get("me/history").await;
    let page = answer.ok();
    assert_eq!(outcomes(&page), ["succeeded", "credentials_invalid", "succeeded"]);
    assert_eq!(page["items"][0]["user_agent"], "x".repeat(200));
    assert_eq!(page["items"][0]["address"], "127.0.0.1");
    let wrong = user.get("me/history?outcome=credentials_invalid").await;
    assert_snapshot!(wrong, @r#"
    200
    {
      "items": [
        {
          "address": "127.0.0.1",
          "at": "[time]",
          "attempts": 1,
          "id": "[id]",
          "method": "password",
          "outcome": "credentials_invalid",
          "provider": null,
          "session_id": null,
          "user_agent": "curl/8"
        }
      ],
      "next": null
    }
    "#);
    assert!(
        page["items"][0]["session_id"].is_string() && page["items"][2]["session_id"].is_string()
    );
    assert_eq!(outcomes(&user.get("me/history?outcome=nothing").await.ok()), [""; 0]);
}

#[tokio::test]
async fn users_see_their_own_attempts_and_admins_those_of_every_user() {
    let server = TestServer::start().await;
    let (root, ada, bob) =
        (server.superuser().await, server.register("ada").await, server.register("bob").await);
    server.log_in("bob").await;
    assert_eq!(ada.get("me/history").await.ok()["items"].as_array().unwrap().len(), 1);
    let of_bob = format!("users/{}/history", bob.id);
    assert_eq!(root.get(&of_bob).await.ok(), bob.get("me/history").await.ok());
    ada.get(&of_bob).await.expect(403, "forbidden");
    root.get(&format!("users/{}/history", uuid::Uuid::nil())).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn what_names_no_account_is_counted_but_not_stored() {
    let site = OidcSite::start().await;
    let (server, guest) = (&site.server, site.server.guest());
    let user = server.register("ada").await;
    log_in(&guest, "my secret word", "x", "curl/8").await.expect(401, "credentials_invalid");
    guest.answer_challenge("junk", "123456").await.expect(401, "challenge_invalid");
    site.browser().call_back("", &[("state", "x")]).await.expect(400, "state_invalid");
    user.get("me/history").await.ok();
    assert_eq!(server.database.count("SELECT count(*) FROM login_history").await, 1);
    let metrics = server.metrics().await;
    for outcome in ["credentials_invalid", "challenge_invalid", "state_invalid"] {
        let line = format!("auth_logins_total{{outcome=\"{outcome}\"}} 1\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
}

#[tokio::test]
async fn attempts_refused_in_one_lockout_are_one_entry_with_their_number() {
    let server = TestServer::with(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    let other = server.replica(&[]).await;
    let user = server.register("ada").await;
    let refused = "me/history?outcome=too_many_attempts";
    let fail = async || {
        let answer = log_in(&server.guest(), "ada", "wrong", "curl/8").await;
        answer.expect(401, "credentials_invalid");
    };
    for _ in 0..3 {
        fail().await;
    }
    for guest in [server.guest(), other.guest()] {
        join_all((0..10).map(|_| log_in(&guest, "ada", "wrong", "curl/8"))).await;
    }
    let at_other = user.at(&other.url);
    at_other.get(refused).await.ok();
    let page = user.get(refused).await.ok();
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page:#}");
    assert_eq!(page["items"][0]["attempts"], 20);
    server.clock.advance(TimeDelta::seconds(60));
    fail().await;
    log_in(&server.guest(), "ada", "wrong", "curl/8").await.expect(429, "too_many_attempts");
    let page = user.get(refused).await.ok();
    let attempts: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|i| &i["attempts"]).collect();
    assert_eq!(attempts, [1, 20]);
}

#[tokio::test]
async fn the_history_is_paged_without_gaps_even_for_simultaneous_attempts() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server
        .database
        .execute(&format!(
            "INSERT INTO login_history (id, at, user_id, method, outcome)
             SELECT gen_random_uuid(), now() - (n / 10) * interval '1 microsecond', '{}', 'password',
                    CASE WHEN n % 2 = 0 THEN 'credentials_invalid' ELSE 'succeeded' END
             FROM generate_series(1, 95) AS n",
            user.id
        ))
        .await;
    for (filter, all) in
        [("", 96), ("&outcome=credentials_invalid", 47), ("&outcome=succeeded", 49)]
    {
        let items = user.items(&format!("me/history?limit=7{filter}")).await;
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        // Compared as times: trailing zeros are missing from the text of a time.
        let time = |item| DateTime::parse_from_rfc3339(&text(item, "at")).unwrap();
        let seen: Vec<(DateTime<FixedOffset>, String)> =
            items.iter().map(|item| (time(item), text(item, "id"))).collect();
        let mut ids: Vec<_> = seen.iter().map(|(_, id)| id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((seen.len(), ids.len()), (all, all), "{filter}");
        assert!(seen.is_sorted_by(|a, b| a > b), "{filter}");
    }
}

#[tokio::test]
async fn a_cursor_beyond_either_end_returns_an_empty_or_the_first_page() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let nil = uuid::Uuid::nil();
    for (at, found) in [(i64::MIN, 0), (-1, 0), (0, 0), (i64::MAX, 1)] {
        use base64::Engine;
        let cursor = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json!([at, nil]).to_string());
        let page = user.get(&format!("me/history?cursor={cursor}")).await.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{at}");
    }
}

#[tokio::test]
async fn a_locked_out_address_adds_nothing_to_the_history_of_accounts() {
    let server = TestServer::with(&[("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "1")]).await;
    let user = server.register("ada").await;
    let guest = server.guest();
    log_in(&guest, "nobody", "wrong", "curl/8").await.expect(401, "credentials_invalid");
    let answer = log_in(&guest, "ada", PASSWORD, "curl/8").await;
    let answer = answer.expect(429, "too_many_attempts");
    assert!(answer.header("ratelimit-policy").starts_with("\"address\""), "{answer}");
    assert_eq!(outcomes(&user.get("me/history").await.ok()), ["succeeded"]);
}

#[tokio::test]
async fn what_was_deleted_while_no_server_ran_is_anonymized_at_the_next_start() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.get("me/history").await.ok();
    server.database.execute("DELETE FROM users").await;
    let _next = server.replica(&[]).await;
    let left = "SELECT count(*) FROM login_history WHERE user_id IS NOT NULL
        OR session_id IS NOT NULL OR address IS NOT NULL";
    until("anonymized", async || server.database.count(left).await == 0).await;
    assert_eq!(server.database.count("SELECT count(*) FROM login_history").await, 1);
}

#[tokio::test]
async fn deleting_ones_account_anonymizes_its_login_history() {
    let server = TestServer::start().await;
    let (user, other) = (server.register("ada").await, server.register("bob").await);
    server.log_in("ada").await;
    let body = current_password();
    let delete = user.request(Method::DELETE, "me").json(&body);
    user.send(delete).await.expect(204, "");
    let kept = other.get("me/history").await.ok();
    assert_eq!(kept["items"][0]["address"], "127.0.0.1");
    let attempts = "SELECT count(*) FROM login_history WHERE user_id IS NULL";
    until("anonymized", async || server.database.count(attempts).await == 2).await;
    let traces = "SELECT count(*) FROM login_history
        WHERE (user_id IS NULL) <> (session_id IS NULL AND address IS NULL)";
    assert_eq!(server.database.count(traces).await, 0);
}

#[tokio::test]
async fn a_missing_partition_is_created_on_demand() {
    let server = TestServer::start().await;
    server.register("ada").await;
    server.clock.advance(TimeDelta::days(200));
    let user = server.log_in("ada").await;
    assert_eq!(user.get("me/history").await.ok()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_create_each_partition_once() {
    let server = TestServer::start().await;
    server.database.execute("DROP TABLE login_history; ").await;
    let migration = include_str!("../../../migrations/0035_login_history.sql");
    server.database.execute(migration).await;
    let later = "ALTER TABLE login_history ADD COLUMN provider text";
    server.database.execute(later).await;
    server.database.execute(include_str!("../../../migrations/0062_refused_logins.sql")).await;
    let _replicas = join_all((0..3).map(|_| server.replica(&[]))).await;
    let count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'login_history'::regclass";
    until("made", async || server.database.count(count).await == 3).await;
    let user = server.register("ada").await;
    assert_eq!(user.get("me/history").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn client_addresses_are_erased_before_the_attempts_are() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for days in [89, 91, 400] {
        let month = (server.clock.now() - TimeDelta::days(days)).date_naive().with_day(1).unwrap();
        let next = month.checked_add_months(chrono::Months::new(1)).unwrap();
        let name = month.format("login_history_%Y_%m");
        server
            .database
            .execute(&format!(
                "CREATE TABLE IF NOT EXISTS {name} PARTITION OF login_history
                     FOR VALUES FROM ('{month} 00:00+00') TO ('{next} 00:00+00');
                 INSERT INTO login_history (id, at, user_id, method, outcome, address, user_agent)
                 VALUES (gen_random_uuid(), now() - interval '{days} days', '{}', 'password',
                         'succeeded', '192.0.2.{}', 'old')",
                user.id,
                days % 256
            ))
            .await;
    }
    let _other = server.replica(&[]).await;
    let count = "SELECT count(*) FROM login_history WHERE address LIKE '192.%'";
    until("blanked", async || server.database.count(count).await == 1).await;
    let page = user.get("me/history").await.ok();
    let shown: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["address"].as_str(), item["user_agent"].as_str().is_some()))
        .collect();
    // The attempt of 400 days ago was dropped with its partition.
    assert_eq!(shown, [(Some("127.0.0.1"), false), (Some("192.0.2.89"), true), (None, false)]);
}

#[tokio::test]
async fn a_login_succeeds_even_if_its_history_cannot_be_written() {
    let server = TestServer::start().await;
    server.register("ada").await;
    server.database.execute("ALTER TABLE login_history RENAME TO away").await;
    let user = server.log_in("ada").await;
    user.get("me").await.expect(200, "");
    server.database.execute("ALTER TABLE away RENAME TO login_history").await;
    server.log_in("ada").await;
    let page = user.get("me/history").await.ok();
    assert!(page["items"].as_array().unwrap().len() >= 2);
}
