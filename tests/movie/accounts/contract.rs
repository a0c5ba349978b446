//! The document names every problem that auth-server's names, so that a front end needs to read only one.

use std::collections::BTreeSet;

use tests::openapi::answers;

use crate::site::{Site, get};

/// An operation of movie-api, that of auth-server, and problems of that one which no request of movie-api
/// can lead to.
const FORWARDED: [(&str, &str, &[&str]); 12] = [
    ("POST /auth/register", "POST /api/v1/auth/register", &["login_taken"]),
    ("POST /auth/login", "POST /api/v1/auth/login", &[]),
    ("PUT /auth/login", "POST /api/v1/auth/refresh", &[]),
    ("POST /auth/login/second-factor", "POST /api/v1/auth/login/second-factor", &[]),
    ("POST /auth/logout", "POST /api/v1/auth/logout", &[]),
    ("POST /auth/logout/others", "POST /api/v1/auth/logout/others", &[]),
    ("POST /auth/email/verify", "POST /api/v1/auth/email/verify", &[]),
    ("POST /auth/password/forgot", "POST /api/v1/auth/password/forgot", &[]),
    ("POST /auth/password/reset", "POST /api/v1/auth/password/reset", &[]),
    ("GET /user", "GET /api/v1/me", &[]),
    (
        "PATCH /user",
        "PATCH /api/v1/me",
        // Those of another e-mail address.
        &[
            "current_password_wrong",
            "email_taken",
            "hashing_busy",
            "invalid_code",
            "reauthentication_required",
            "too_many_attempts",
        ],
    ),
    ("PUT /user/password", "PUT /api/v1/me/password", &[]),
];

#[tokio::test]
async fn every_problem_of_auth_server_is_documented_and_no_other() {
    let site = Site::open().await;
    let (movie, auth) = (document(&site.movie.url).await, document(&site.auth.url).await);
    for (here, there, impossible) in FORWARDED {
        let documented = of(&movie, here);
        let mut expected = of(&auth, there);
        // movie-api forwards no such header.
        expected.retain(|(_, code)| code != "subject_token_unexpected");
        expected.retain(|(_, code)| !impossible.contains(&code.as_str()));
        expected.insert((503, "accounts_unavailable".into()));
        // An unknown query parameter.
        expected.insert((422, "field_invalid".into()));
        if here == "PATCH /user" {
            for code in ["authorization_unavailable", "catalogue_unavailable", "catalogue_unusable"]
            {
                expected.insert((503, code.into()));
            }
        }
        assert_eq!(documented, expected, "{here}");
    }
    let paths = movie.iter().map(|(operation, ..)| operation.as_str());
    let accounts = paths.filter(|path| path.contains(" /auth/") || path.contains(" /user"));
    let listed: BTreeSet<&str> = FORWARDED.iter().map(|(here, ..)| *here).collect();
    assert_eq!(accounts.collect::<BTreeSet<_>>(), listed);
}

type Answers = BTreeSet<(String, u16, String)>;

async fn document(url: &str) -> Answers {
    let document = get(url, "/openapi.json", None).await.json();
    let all = answers(&document).into_iter();
    all.map(|answer| (answer.operation, answer.status, answer.code)).collect()
}

fn of(all: &Answers, operation: &str) -> BTreeSet<(u16, String)> {
    let own = all.iter().filter(|(name, ..)| name == operation);
    own.map(|(_, status, code)| (*status, code.clone())).collect()
}
