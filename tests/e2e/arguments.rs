//! Arguments that mean nothing, and help.

use tests::program::run;

#[test]
fn wrong_arguments_end_with_2_and_say_what_is_wrong() {
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
        &["rules"],
        &["rules", "import"],
    ] {
        let ran = run(arguments, &vec![], "");
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.error.contains("Usage:"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn help_names_the_commands_and_every_setting_of_the_server() {
    let ran = run(&["--help"], &vec![], "");
    assert_eq!(ran.code, Some(0));
    for command in
        ["serve", "migrate", "superuser", "doctor", "keys", "client", "sessions", "user", "rules"]
    {
        assert!(ran.output.contains(command), "{command}: {}", ran.output);
    }
    let ran = run(&["serve", "--help"], &vec![], "");
    for setting in auth_server::config::settings() {
        assert!(ran.output.contains(setting.variable), "{}", setting.variable);
    }
}
