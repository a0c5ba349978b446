//! `auth-server client …`

use tests::program::{Program, run};
use tests::{Answer, Database};

use crate::{guest, settings};

#[tokio::test]
async fn a_client_is_made_with_a_secret_that_is_printed_once_listed_and_disabled() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = Program::serve(&settings);
    let guest = guest(&mut server);
    let made = run(&["client", "create", "films api"], &settings, "");
    assert_eq!(made.code, Some(0), "{made:?}");
    let line = |name: &str| made.output.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let (id, secret) = (line("client_id="), line("client_secret="));
    let ask = async || -> Answer {
        let request = guest.request(reqwest::Method::POST, "oauth/introspect");
        guest.send(request.basic_auth(id, Some(secret)).form(&[("token", "x")])).await
    };
    ask().await.expect(200, "");
    let twice = run(&["client", "create", "films api"], &settings, "");
    assert!(twice.code == Some(1) && twice.error.contains("has this name"), "{twice:?}");
    let listed = run(&["client", "list"], &settings, "").output;
    assert!(listed.contains(id) && listed.contains("films api") && !listed.contains(secret));
    assert_eq!(run(&["client", "disable", id], &settings, "").code, Some(0));
    ask().await.expect(401, "invalid_client");
    let listed = run(&["client", "list"], &settings, "").output;
    assert!(listed.contains("disabled"), "{listed}");
    let nobody = run(&["client", "disable", "00000000-0000-4000-8000-000000000000"], &settings, "");
    assert!(nobody.code == Some(1) && nobody.error.contains("no client"), "{nobody:?}");
    let odd = run(&["client", "create", "a:b"], &settings, "");
    assert!(odd.code == Some(1) && odd.error.contains("A name has"), "{odd:?}");
}
