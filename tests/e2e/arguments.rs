//! Invalid arguments, and `--help`.

use tests::program::{AUTH_SERVER, NO_SETTINGS};

#[test]
fn wrong_arguments_exit_with_2_and_print_the_usage() {
    for arguments in [
        &[][..],
        &["sevre"],
        &["serve", "now"],
        &["--verbose", "serve"],
        &["superuser"],
        &["superuser", "create"],
        &["superuser", "create", "root", "the-password"],
        &["superuser", "create", "root", "--password", "x"],
        &["sessions"],
        &["sessions", "end"],
        &["sessions", "end", "ada", "grace"],
        &["user"],
        &["user", "disable"],
        &["user", "reset-second-factor"],
        &["user", "grant", "ada"],
        &["audit", "all"],
        &["rules"],
        &["rules", "import"],
    ] {
        let ran = AUTH_SERVER.run(arguments, NO_SETTINGS, "");
        assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("Usage:"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn help_lists_the_commands_and_every_setting() {
    let ran = AUTH_SERVER.run(&["--help"], NO_SETTINGS, "");
    assert_eq!(ran.status, Some(0));
    for command in [
        "serve",
        "migrate",
        "superuser",
        "doctor",
        "keys",
        "client",
        "sessions",
        "user",
        "rules",
        "audit",
        "completions",
        "man",
    ] {
        assert!(ran.stdout.contains(command), "{command}: {}", ran.stdout);
    }
    let ran = AUTH_SERVER.run(&["serve", "--help"], NO_SETTINGS, "");
    for setting in auth_server::config::SETTINGS.settings() {
        assert!(ran.stdout.contains(setting.variable), "{}", setting.variable);
    }
}
