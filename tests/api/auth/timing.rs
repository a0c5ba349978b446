//! The time of an answer does not reveal whether an account exists.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{MailServer, PASSWORD, TestServer};

/// Attempts of each kind.
const ATTEMPTS: usize = 250;

/// Maximum ratio of the medians. A hash takes at least 10 ms, so skipping it or doing it twice
/// exceeds this by far.
const RATIO: f64 = 1.15;

/// Maximum deviation from 0.5 of the probability that one kind is slower than another. With 250
/// attempts of each, chance alone exceeds ± 0.10 once in ten thousand runs.
const ODDS: f64 = 0.14;

/// Limits that are not reached.
const UNTHROTTLED: [(&str, &str); 3] = [
    ("AUTH_THROTTLE_PAIR_ATTEMPTS", "100000"),
    ("AUTH_THROTTLE_LOGIN_ATTEMPTS", "100000"),
    ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "100000"),
];

#[tokio::test]
async fn a_login_takes_the_same_time_whether_or_not_the_account_exists() {
    let server = TestServer::with(&UNTHROTTLED).await;
    for login in ["ada", "locked", "elsewhere"] {
        server.register(login).await;
    }
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'locked'").await;
    let no_password = "UPDATE users SET password_hash = NULL WHERE login = 'elsewhere'";
    server.database.execute(no_password).await;
    let confirmed = "UPDATE users SET email = 'ada@example.com', email_key = 'ada@example.com',
        email_verified_at = now() WHERE login = 'ada'";
    server.database.execute(confirmed).await;
    let guest = server.guest();
    let kinds = [
        ("nobody", PASSWORD),
        ("ada", "wrong"),
        ("locked", PASSWORD),
        ("locked", "wrong"),
        ("elsewhere", PASSWORD),
        ("ada@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
    ];
    let mut times = [const { Vec::new() }; 7];
    let mut answers = std::collections::BTreeSet::new();
    for round in 0..ATTEMPTS {
        // Interleaved, each kind as often after each other one, so that load affects all kinds
        // alike.
        for place in 0..kinds.len() {
            let kind = (place * (1 + 2 * (round % 2)) + round) % kinds.len();
            let (login, password) = kinds[kind];
            let body = json!({ "login": login, "password": password });
            let started = Instant::now();
            let answer = guest.post("auth/login", &body).await;
            times[kind].push(started.elapsed().as_secs_f64());
            answers.insert((answer.status, answer.text));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    for (kind, own) in times.iter().enumerate() {
        println!("{:?}: median {:.2} ms", kinds[kind], median(own) * 1e3);
        for (other, others) in times.iter().enumerate().skip(kind + 1) {
            let pair = (kinds[kind], kinds[other]);
            let ratio = median(own) / median(others);
            assert!((1.0 / RATIO..RATIO).contains(&ratio), "{pair:?}: medians {ratio:.3}");
            let odds = slower(own, others);
            println!("{pair:?}: ratio {ratio:.3}, slower with probability {odds:.3}");
            assert!((odds - 0.5).abs() < ODDS, "{pair:?}: slower with probability {odds:.3}");
        }
    }
}

#[tokio::test]
async fn a_reset_request_takes_the_same_time_whether_or_not_the_address_exists() {
    let mail = MailServer::start();
    let server = mail.server(&UNTHROTTLED).await;
    server.register("ada").await;
    let confirmed = "UPDATE users SET email = 'ada@example.com', email_key = 'ada@example.com',
        email_verified_at = now() WHERE login = 'ada'";
    server.database.execute(confirmed).await;
    let (guest, emails) = (server.guest(), ["ada@example.com", "nobody@example.com"]);
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..2 * ATTEMPTS {
        // In random order: in a fixed one, one kind could always meet the aftermath of the other.
        let kind = usize::from(rand::random::<bool>());
        let started = Instant::now();
        let body = json!({ "email": emails[kind] });
        guest.post("auth/password/forgot", &body).await.expect(202, "");
        times[kind].push(started.elapsed().as_secs_f64());
        // The message is sent in the background, which must not overlap with the next request.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    mail.mail("ada@example.com", times[0].len() - 1).await;
    let odds = slower(&times[0], &times[1]);
    println!(
        "medians {:?} ms, known slower with probability {odds:.3}",
        times.map(|t| median(&t) * 1e3)
    );
    assert!((odds - 0.5).abs() < ODDS, "known slower with probability {odds:.3}");
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The Mann–Whitney U as a probability: how often one of `own` is slower than one of `others`.
fn slower(own: &[f64], others: &[f64]) -> f64 {
    let pairs = own.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let slower = pairs.filter(|(one, other)| one > other).count();
    f64::from(u32::try_from(slower).unwrap())
        / f64::from(u32::try_from(own.len() * others.len()).unwrap())
}
