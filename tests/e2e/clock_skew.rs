//! A start on a machine whose clock is wrong.

use std::fs;

use tests::Database;
use tests::faketime::wrong_clock;
use tests::program::AUTH_SERVER;

use crate::{guest, settings};

#[tokio::test]
async fn a_server_with_a_wrong_clock_does_not_start_and_deletes_nothing() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let Some(wrong) = wrong_clock(file.path()) else { return };
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let body = serde_json::json!({ "login": "ada", "password": tests::PASSWORD });
    guest(&mut server).post("auth/register", &body).await.ok();
    guest(&mut server).post("auth/login", &body).await.ok();
    let kept = "SELECT (SELECT count(*) FROM login_history) + (SELECT count(*) FROM sessions)";
    tests::until("recorded", async || database.count(kept).await >= 3).await;
    let before = database.count(kept).await;
    let all = [settings, wrong].concat();
    for (error, words) in [("+400d", "34560000 s ahead of"), ("-2h", "7200 s behind")] {
        fs::write(file.path(), format!("{error}\n")).unwrap();
        for command in [&["serve"][..], &["keys", "rotate"], &["sessions", "end", "ada"]] {
            let ended = AUTH_SERVER.run(command, &all, "");
            assert_eq!(ended.status, Some(1), "{command:?} {ended:?}");
            assert!(ended.stderr.contains("AUTH_CLOCK_TOLERANCE"), "{command:?} {ended:?}");
            assert!(ended.stderr.contains(words), "{command:?} {ended:?}");
        }
    }
    assert_eq!(database.count(kept).await, before);
    assert_eq!(database.count("SELECT count(*) FROM signing_keys").await, 1);
}
