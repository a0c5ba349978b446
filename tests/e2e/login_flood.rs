//! More logins than the server can hash.

use futures::future::join_all;
use serde_json::json;
use tests::Database;
use tests::program::AUTH_SERVER;

use crate::{guest, settings, with};

/// Concurrent logins; one is hashed, 16 may wait.
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
    assert!(checked >= 12 * 16 && turned_away > checked, "{checked} and {turned_away}");
    assert!(last < first + 24 * 1024, "{first} KiB grew to {last} KiB");
}
