//! Every way to end a session reaches another server within a second: two processes, one database
//! and one Redis.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::program::AUTH_SERVER;
use tests::{Answer, Caller, Database, NEW_PASSWORD, PASSWORD, current_password, token};

use crate::{guest, settings, with};

/// Repetitions of each way to end a session.
const ROUNDS: u32 = 25;
const SECOND: Duration = Duration::from_secs(1);
/// The ways to end a session.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Logout,
    LogoutOthers,
    EndSession,
    PasswordChange,
    LoginChange,
    Deletion,
    /// By an admin.
    Disabling,
    /// By an admin.
    EndOfAll,
}

const WAYS: [Way; 8] = [
    Way::Logout,
    Way::LogoutOthers,
    Way::EndSession,
    Way::PasswordChange,
    Way::LoginChange,
    Way::Deletion,
    Way::Disabling,
    Way::EndOfAll,
];

impl Way {
    /// Ends the session of `victim`, called by itself, by `owner` or by `root`.
    async fn end(self, root: &Caller, owner: &Caller, victim: &Caller, login: &str) -> Answer {
        let post = async |caller: &Caller, path| caller.post_empty(path).await;
        match self {
            Self::Logout => post(victim, "auth/logout").await,
            Self::LogoutOthers => post(owner, "auth/logout/others").await,
            Self::EndSession => {
                owner.delete(&format!("me/sessions/{}", claim(victim, "sid"))).await
            }
            Self::PasswordChange => {
                let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
                owner.put("me/password", &change).await
            }
            Self::LoginChange => {
                let change = json!({ "current_password": PASSWORD, "login": format!("{login}-2") });
                owner.put("me/login", &change).await
            }
            Self::Deletion => {
                let goodbye = current_password();
                owner.delete_with("me", &goodbye).await
            }
            Self::Disabling => post(root, &format!("users/{}/disable", claim(victim, "sub"))).await,
            Self::EndOfAll => {
                root.delete(&format!("users/{}/sessions", claim(victim, "sub"))).await
            }
        }
    }

    /// True if the session of the owner continues.
    fn spares_the_owner(self) -> bool {
        !matches!(self, Self::Deletion | Self::Disabling | Self::EndOfAll)
    }
}

fn claim(caller: &Caller, name: &str) -> String {
    let claims = token::read(caller.token()).1;
    claims.get(name).and_then(Value::as_str).unwrap().to_owned()
}

async fn sign_in(guest: &Caller, path: &str, login: &str) -> Caller {
    let body = json!({ "login": login, "password": PASSWORD });
    let tokens = guest.post(path, &body).await.ok();
    guest.with_token(tokens.get("access_token").and_then(Value::as_str).unwrap())
}

/// How long the other server still accepted the token.
async fn measure(way: Way, login: &str, (root, one): (&Caller, &Caller), two: &str) -> Duration {
    let owner = sign_in(one, "auth/register", login).await;
    let victim = sign_in(one, "auth/login", login).await;
    let (owner_there, there) = (owner.at(two), victim.at(two));
    for caller in [&owner_there, &there] {
        caller.get("me").await.expect(200, "");
    }
    way.end(root, &owner, &victim, login).await.expect(204, "");
    let ended = Instant::now();
    victim.get("me").await.expect(401, "token_revoked");
    let took = loop {
        let asked = ended.elapsed();
        let answer = there.get("me").await;
        if answer.status == 401 {
            answer.expect(401, "token_revoked");
            break asked;
        }
        assert!(asked < SECOND, "{way:?}: {answer:?}");
    };
    // It stays ended, and no other session is affected.
    there.get("me").await.expect(401, "token_revoked");
    let expected = if way.spares_the_owner() { 200 } else { 401 };
    assert_eq!(owner_there.get("me").await.status, expected, "{way:?}");
    took
}

/// The quantile of sorted times, in milliseconds.
fn quantile(sorted: &[Duration], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let place = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len());
    sorted.get(place - 1).unwrap().as_secs_f64() * 1e3
}

fn show(what: &str, times: &mut [Duration]) {
    times.sort();
    let (p50, p99) = (quantile(times, 0.5), quantile(times, 0.99));
    let most = quantile(times, 1.0);
    println!(
        "{what:>15}: {:4} × p50 {p50:6.1} ms, p99 {p99:6.1} ms, most {most:6.1} ms",
        times.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_end_a_session_reaches_the_other_server_within_a_second() {
    let database = Database::migrated().await;
    // Hashing is not part of the measurement.
    let settings = with(&settings(&database), "AUTH_PASSWORD_MEMORY_KIB", "256");
    let settings = with(&settings, "AUTH_THROTTLE_ADDRESS_REGISTRATIONS", "1000");
    let (mut one, mut two) = (AUTH_SERVER.serve(&settings), AUTH_SERVER.serve(&settings));
    let (one, two) = (guest(&mut one), two.url("api"));
    let made = AUTH_SERVER.run(&["superuser", "create", "root"], &settings, PASSWORD);
    assert_eq!(made.status, Some(0), "{made:?}");
    let root = sign_in(&one, "auth/login", "root").await;
    let mut all = Vec::new();
    for way in WAYS {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let login = format!("{way:?}-{round}");
            times.push(measure(way, &login, (&root, &one), &two).await);
        }
        show(&format!("{way:?}"), &mut times);
        all.extend(times);
    }
    show("all", &mut all);
    assert!(all.iter().all(|took| *took < SECOND), "{all:?}");
}
