//! What the programs say about their own command lines: `--version`, completions and manual pages. None needs a
//! setting or a store.

use std::fs;
use std::process::Command;

use service::build;
use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, NO_SETTINGS, Program};

const PROGRAMS: [(&str, Program); 3] =
    [("auth-server", AUTH_SERVER), ("etl-labeler", ETL_LABELER), ("movie-api", MOVIE_API)];

fn printed(program: Program, arguments: &[&str]) -> String {
    let ran = program.run(arguments, NO_SETTINGS, "");
    assert_eq!(ran.status, Some(0), "{program:?} {arguments:?}: {ran:?}");
    assert_eq!(ran.stderr, "", "{program:?} {arguments:?}");
    ran.stdout
}

#[test]
fn the_version_has_the_commit_if_the_build_knew_it() {
    for (name, program) in PROGRAMS {
        assert_eq!(printed(program, &["--version"]), format!("{name} {}\n", build::version()));
    }
}

#[test]
fn completions_are_for_commands_and_options() {
    let script = tempfile::NamedTempFile::new().unwrap();
    for (name, program) in PROGRAMS {
        let bash = printed(program, &["completions", "bash"]);
        fs::write(&script, &bash).unwrap();
        let complete = format!("source {}; complete -p {name}", script.path().display());
        let ran = Command::new("bash").args(["-c", &complete]).output().unwrap();
        assert!(ran.status.success(), "{name}: {ran:?}");
        for shell in ["zsh", "fish", "elvish", "powershell"] {
            assert!(
                printed(program, &["completions", shell]).contains("allow-unknown-settings"),
                "{shell}"
            );
        }
        assert_eq!(program.run(&["completions", "csh"], NO_SETTINGS, "").status, Some(2));
    }
    // As a shell asks for it, after `auth-server user res`.
    fs::write(&script, printed(AUTH_SERVER, &["completions", "bash"])).unwrap();
    let ask = format!(
        "source {}; COMP_WORDS=(auth-server user res) COMP_CWORD=2; \
         complete=$(complete -p auth-server | grep -o -- '-F [^ ]*'); \
         ${{complete#-F }} auth-server res user; echo \"${{COMPREPLY[@]}}\"",
        script.path().display()
    );
    let ran = Command::new("bash").args(["-c", &ask]).output().unwrap();
    let completed = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(completed.trim(), "reset-second-factor reset-link");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("man1");
    for (name, program) in PROGRAMS {
        let page = printed(program, &["man"]);
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        printed(program, &["man", directory.to_str().unwrap()]);
    }
    for page in
        ["auth-server.1", "auth-server-user-grant.1", "etl-labeler-import.1", "movie-api-migrate.1"]
    {
        let text = fs::read_to_string(directory.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    let ran = AUTH_SERVER.run(&["man", "/proc/nowhere"], NO_SETTINGS, "");
    assert!(ran.status == Some(1) && ran.stderr.contains("cannot be written"), "{ran:?}");
}
