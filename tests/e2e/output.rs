//! Standard output and standard error that cannot be written: a full disk, a closed pipe.

use std::fs::File;
use std::io::pipe;
use std::process::{Command, Stdio};

use serde_json::json;
use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, NO_SETTINGS};
use tests::{Database, free_address, until};

use crate::{guest, settings, with};

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe whose reader has left.
fn closed() -> Stdio {
    pipe().unwrap().1.into()
}

/// Exit code and standard error.
fn run(mut command: Command, output: Stdio) -> (Option<i32>, String) {
    let ran = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    (ran.status.code(), stderr)
}

#[tokio::test]
async fn no_client_is_created_whose_secret_nobody_saw() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let create = || {
        let mut command = AUTH_SERVER.command(&settings);
        command.args(["client", "create", "films"]);
        command
    };
    for output in [full(), closed()] {
        let (status, stderr) = run(create(), output);
        assert_eq!(status, Some(1), "{stderr}");
        assert!(stderr.contains("nothing was created"), "{stderr}");
        assert_eq!(AUTH_SERVER.run(&["client", "list"], &settings, "").stdout, "");
    }
    assert_eq!(run(create(), Stdio::piped()).0, Some(0));
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let form = json!({ "login": "ada", "password": "correct horse battery staple" });
    guest.post("auth/register", &form).await.expect(201, "");
    let mut link = AUTH_SERVER.command(&settings);
    link.args(["user", "reset-link", "ada"]);
    let (status, stderr) = run(link, full());
    assert!(status == Some(1) && stderr.contains("nothing was created"), "{stderr}");
    let tokens = "SELECT count(*) FROM mail_tokens WHERE purpose = 'reset_password'";
    assert_eq!(database.count(tokens).await, 0);
}

#[tokio::test]
async fn no_command_panics_when_it_cannot_print() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    for arguments in
        [&["doctor"][..], &["migrate"], &["keys", "list"], &["rules", "export"], &["rules", "test"]]
    {
        let command = || {
            let mut command = AUTH_SERVER.command(&settings);
            command.args(arguments);
            command
        };
        // `doctor` finds no key, which is no problem; nothing is to print where there is no key.
        let expected = i32::from(arguments != ["keys", "list"]);
        assert_eq!(run(command(), full()).0, Some(expected), "{arguments:?}");
        // A reader that leaves has seen enough.
        assert_eq!(run(command(), closed()).0, Some(0), "{arguments:?}");
    }
    let mut check = ETL_LABELER.command(NO_SETTINGS);
    check.args(["rules", "check"]);
    let (status, stderr) = run(check, full());
    assert!(status == Some(1) && stderr.contains("the command ran"), "{stderr}");
    for (program, command) in [(AUTH_SERVER, "serve"), (ETL_LABELER, "status"), (MOVIE_API, "")] {
        let mut help = program.command(NO_SETTINGS);
        help.arg("--help");
        run(help, full());
        let mut wrong = program.command(&[("AUTH_X", "1"), ("ETL_X", "1"), ("MOVIE_X", "1")]);
        // movie-api serves without a command.
        wrong.args(Some(command).filter(|command| !command.is_empty()));
        // Standard error is full, so no message; the exit code remains.
        let ran = wrong.stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(ran.code(), Some(2), "{program:?}");
    }
}

#[tokio::test]
async fn a_server_whose_log_cannot_be_written_serves() {
    let database = Database::migrated().await;
    let address = free_address();
    let mut all = with(&settings(&database), "AUTH_LISTEN", &address);
    all.push(("AUTH_LOG".into(), "debug".into()));
    let mut command = AUTH_SERVER.command(&all);
    let mut child = command.arg("serve").stdout(full()).stderr(full()).spawn().unwrap();
    let url = format!("http://{address}/health/ready");
    until("it is ready", async || {
        reqwest::get(&url).await.is_ok_and(|response| response.status() == 200)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
}
