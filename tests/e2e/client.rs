//! `auth-server client …`

use tests::program::AUTH_SERVER;
use tests::{Answer, Database, until};

use crate::{guest, settings};

#[tokio::test]
async fn a_client_can_be_created_listed_and_disabled() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let made = AUTH_SERVER.run(&["client", "create", "films api"], &settings, "");
    assert_eq!(made.status, Some(0), "{made:?}");
    let line = |name: &str| made.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let (id, secret) = (line("client_id="), line("client_secret="));
    let ask = async || -> Answer {
        let request = guest.request(reqwest::Method::POST, "oauth/introspect");
        guest.send(request.basic_auth(id, Some(secret)).form(&[("token", "x")])).await
    };
    ask().await.expect(200, "");
    let twice = AUTH_SERVER.run(&["client", "create", "films api"], &settings, "");
    assert!(twice.status == Some(1) && twice.stderr.contains("has this name"), "{twice:?}");
    let listed = AUTH_SERVER.run(&["client", "list"], &settings, "").stdout;
    assert!(listed.contains(id) && listed.contains("films api") && !listed.contains(secret));
    assert_eq!(AUTH_SERVER.run(&["client", "disable", id], &settings, "").status, Some(0));
    until("the client is refused", async || ask().await.status == 401).await;
    ask().await.expect(401, "invalid_client");
    let listed = AUTH_SERVER.run(&["client", "list"], &settings, "").stdout;
    assert!(listed.contains("disabled"), "{listed}");
    let nobody = AUTH_SERVER.run(
        &["client", "disable", "00000000-0000-4000-8000-000000000000"],
        &settings,
        "",
    );
    assert!(nobody.status == Some(1) && nobody.stderr.contains("no client"), "{nobody:?}");
    let odd = AUTH_SERVER.run(&["client", "create", "a:b"], &settings, "");
    assert!(odd.status == Some(1) && odd.stderr.contains("A name has"), "{odd:?}");
    let scopes = ["client", "create", "films", "--scope", "evaluate", "--scope", "filter"];
    assert_eq!(AUTH_SERVER.run(&scopes, &settings, "").status, Some(0));
    let listed = AUTH_SERVER.run(&["client", "list"], &settings, "").stdout;
    assert!(listed.contains("  films  filter,evaluate  "), "{listed}");
    let unknown = AUTH_SERVER.run(&["client", "create", "x", "--scope", "all"], &settings, "");
    assert_eq!(unknown.status, Some(2), "{unknown:?}");
}
