//! More logins than the server can hash.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::program::AUTH_SERVER;
use tests::{Database, PASSWORD};

use crate::{guest, settings, with};

/// Concurrent logins from one network; one is hashed, 16 may wait, and half of them are for others.
const AT_ONCE: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_logins_is_refused_in_bounded_memory() {
    let database = Database::migrated().await;
    let mut settings = with(&settings(&database), "AUTH_PASSWORD_QUEUE", "16");
    for (name, value) in
        [("AUTH_PASSWORD_THREADS", "1"), ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "1000000")]
    {
        settings = with(&settings, name, value);
    }
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let (mut checked, mut turned_away, mut first) = (0, 0, 0);
    for round in 0..12 {
        let guest = &guest;
        let flood = (0..AT_ONCE).map(|number| async move {
            let body = json!({ "login": format!("{round}-{number}"), "password": "x".repeat(99) });
            guest.post("auth/login", &body).await
        });
        for answer in join_all(flood).await {
            if answer.status == 503 {
                assert_eq!(answer.expect(503, "hashing_busy").header("retry-after"), "1");
                turned_away += 1;
            } else {
                answer.expect(401, "credentials_invalid");
                checked += 1;
            }
        }
        // The memory of the first floods, mainly connections, is reused by the next.
        if round == 2 {
            first = server.memory("VmRSS");
        }
    }
    let last = server.memory("VmHWM");
    println!("{checked} checked, {turned_away} turned away; {first} KiB, then at most {last} KiB");
    assert!(checked >= 12 * 8 && turned_away > checked, "{checked} and {turned_away}");
    assert!(last < first + 24 * 1024, "{first} KiB grew to {last} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_a_few_networks_leaves_room_for_logins_from_others() {
    let database = Database::migrated().await;
    let mut settings = with(&settings(&database), "AUTH_PASSWORD_QUEUE", "16");
    for (name, value) in [
        ("AUTH_PASSWORD_THREADS", "1"),
        ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "1000000"),
        ("AUTH_TRUSTED_PROXIES", "127.0.0.1"),
    ] {
        settings = with(&settings, name, value);
    }
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let ada = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &ada).await.expect(201, "");
    let log_in = |body: Value, network: String| {
        let request = guest.request(Method::POST, "auth/login").json(&body);
        guest.send(request.header("x-forwarded-for", network))
    };
    let flood = async {
        let attempts = (0..AT_ONCE).map(|number| {
            let body = json!({ "login": format!("nobody{number}"), "password": "x".repeat(99) });
            log_in(body, format!("198.51.100.{}", number % 4))
        });
        join_all(attempts).await
    };
    let others = async {
        for number in 0..10 {
            log_in(ada.clone(), format!("192.0.2.{number}")).await.expect(200, "");
        }
    };
    let (answers, ()) = tokio::join!(flood, others);
    let turned_away = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(turned_away > AT_ONCE / 2, "{turned_away}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_with_the_right_password_of_one_account_leaves_room_for_others() {
    let database = Database::migrated().await;
    let mut settings = with(&settings(&database), "AUTH_PASSWORD_QUEUE", "16");
    for (name, value) in [("AUTH_PASSWORD_THREADS", "1"), ("AUTH_TRUSTED_PROXIES", "127.0.0.1")] {
        settings = with(&settings, name, value);
    }
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let account = |login: &str| json!({ "login": login, "password": PASSWORD });
    for login in ["ada", "mallory"] {
        guest.post("auth/register", &account(login)).await.expect(201, "");
    }
    let log_in = |login: &str, network: String| {
        let request = guest.request(Method::POST, "auth/login").json(&account(login));
        guest.send(request.header("x-forwarded-for", network))
    };
    // More networks than there is room for attempts.
    let attempts =
        (0..AT_ONCE).map(|number| log_in("mallory", format!("198.51.100.{}", number % 100)));
    let others = async {
        for number in 0..10 {
            log_in("ada", format!("192.0.2.{number}")).await.expect(200, "");
        }
    };
    let (answers, ()) = tokio::join!(join_all(attempts), others);
    let turned_away = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(turned_away > AT_ONCE / 2, "{turned_away}");
}
