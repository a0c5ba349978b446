//! Environments that are not made for these programs alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use serde_json::Value;
use tests::Database;
use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, Program, Settings};

use crate::{settings, with};

/// Variables of `cases/environment.json`.
fn cases(list: &str) -> Settings {
    let cases: Value = serde_json::from_str(include_str!("cases/environment.json")).unwrap();
    let cases =
        cases.get(list).unwrap().as_array().unwrap().iter().map(|case| case.as_str().unwrap());
    let pair = |case: &str| case.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()));
    cases.map(|case| pair(case).unwrap()).collect()
}

#[tokio::test]
async fn variables_that_kubernetes_and_docker_inject_are_no_settings() {
    let database = Database::migrated().await;
    let injected = cases("start anyway");
    let mut all = settings(&database);
    all.extend(injected.clone());
    assert!(AUTH_SERVER.serve(&all).url("api").starts_with("http://127.0.0.1:"));
    let mut all = injected.clone();
    all.push(("MOVIE_LISTEN".into(), "127.0.0.1:0".into()));
    all.push(("MOVIE_OPS_LISTEN".into(), String::new()));
    assert!(MOVIE_API.serve(&all).url("api").starts_with("http://127.0.0.1:"));
    let checked = ETL_LABELER.run(&["rules", "check"], &injected, "");
    assert_eq!(checked.status, Some(0), "{checked:?}");
}

#[test]
fn a_misspelled_setting_stops_the_start_with_the_closest_name() {
    let closest = ["AUTH_LISTEN", "MOVIE_LISTEN", "ETL_SCHEDULE", "FILMS_INDEX"];
    for ((name, value), closest) in cases("stop with the closest name").into_iter().zip(closest) {
        let variables = [(name.as_str(), value.as_str())];
        let programs: &[(Program, &[&str])] = match name.split('_').next().unwrap() {
            "AUTH" => &[(AUTH_SERVER, &["serve"])],
            "MOVIE" => &[(MOVIE_API, &[])],
            "ETL" => &[(ETL_LABELER, &["rules", "check"])],
            _ => &[(AUTH_SERVER, &["serve"]), (MOVIE_API, &[]), (ETL_LABELER, &["rules", "check"])],
        };
        for (program, arguments) in programs {
            let ran = program.run(arguments, &variables, "");
            let expected = format!("{name} is not a setting; did you mean {closest}?");
            assert!(ran.status == Some(2) && ran.stderr.contains(&expected), "{ran:?}");
        }
    }
    for name in ["DATABASE_ULR", "REDIS_URI", "DATABASE_URLS", "REDIS_UR_FILE"] {
        let ran = AUTH_SERVER.run(&["doctor"], &[(name, "x")], "");
        assert!(ran.status == Some(1) && ran.stdout.contains("did you mean"), "{ran:?}");
    }
}

#[test]
fn unknown_settings_can_be_allowed() {
    let variables = [("ETL_SCHEDUL", "x"), ("FILMS_INDX", "x")];
    let arguments = ["rules", "check", "--allow-unknown-settings"];
    let ran = ETL_LABELER.run(&arguments, &variables, "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for (name, _) in variables {
        assert!(ran.stderr.contains(&format!("{name} is not a setting")), "{ran:?}");
    }
    let arguments = ["doctor", "--allow-unknown-settings"];
    let unreachable = ("DATABASE_URL", "postgres://app@127.0.0.1:1/auth");
    let ran = AUTH_SERVER.run(&arguments, &[unreachable, ("AUTH_LISTN", "x")], "");
    assert!(!ran.stdout.contains("AUTH_LISTN") && ran.stderr.contains("AUTH_LISTN"), "{ran:?}");
    let arguments = ["migrate", "--allow-unknown-settings"];
    let ran = MOVIE_API.run(&arguments, &[("MOVIE_LISTNE", "x")], "");
    assert!(ran.stderr.contains("MOVIE_LISTNE is not a setting; did you mean"), "{ran:?}");
    assert!(ran.stderr.contains("MOVIE_DATABASE_URL must be set"), "{ran:?}");
}

#[tokio::test]
async fn secrets_are_read_from_files_as_containers_mount_them() {
    let database = Database::migrated().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, mounted) = (folder.path().join("..data"), folder.path().join("secret"));
    // As `openssl rand -base64 72` prints it.
    let secret = format!("{}\n{}\n", "A".repeat(64), "B".repeat(32));
    let write = |text: &str, mode| {
        let _ = fs::remove_file(&data);
        fs::write(&data, text).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
    };
    symlink(&data, &mounted).unwrap();
    let mut all = settings(&database);
    all.retain(|(name, _)| name != "AUTH_SECRET");
    all.push(("AUTH_SECRET_FILE".into(), mounted.to_str().unwrap().to_owned()));
    let all = with(&all, "AUTH_LISTEN", "localhost:0");

    write("\n", 0o400);
    let empty = AUTH_SERVER.run(&["serve"], &all, "");
    assert!(empty.status == Some(2) && empty.stderr.contains("is empty"), "{empty:?}");
    write(&secret, 0o644);
    let open = AUTH_SERVER.run(&["serve"], &all, "");
    assert!(open.status == Some(2) && open.stderr.contains("run: chmod o="), "{open:?}");
    // Only root can give a file to another user.
    let foreign = chown(&data, Some(65_534), None).is_ok();
    if !foreign {
        eprintln!("SKIPPED: the file of another user, which only root can make");
        write(&secret, 0o400);
    }
    let mut server = AUTH_SERVER.serve(&all);
    assert!(server.url("api").starts_with("http://127.0.0.1:"));
    assert_eq!(server.log().join("\n").contains("is open to every user"), foreign);
}
