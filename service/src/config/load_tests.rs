use std::io::Write;

use serde::Deserialize;

use super::super::{Removed, number, secret, text};
use super::*;

const SERVER: &[Setting] = &[
    text("DEMO_NAME", "server.name", "films", "name"),
    number("DEMO_LIMIT", "server.limit", "10", "limit"),
    secret("DEMO_TOKEN", "server.token", "token").or("none"),
    text("STORE_URL", "server.store", "store:1", "store"),
];

const TABLE: SettingsTable = SettingsTable {
    program: "demo",
    prefix: "DEMO_",
    file_variable: "DEMO_CONFIG",
    groups: &[SERVER],
    foreign: &["DEMO_OF_ANOTHER"],
    removed: &[Removed { variable: "LIMIT", replacement: "DEMO_LIMIT" }],
};

#[derive(Debug, Deserialize)]
struct Config {
    server: Server,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Server {
    name: String,
    limit: u8,
    token: String,
    store: String,
}

fn load(file: Option<&Path>, variables: &[(&str, &str)]) -> Result<Server, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let source = Source { file, allow_unknown: false };
    let loaded = TABLE.load::<Config>(source, variables.iter().map(owned));
    loaded.map(|loaded| loaded.config.server).map_err(|error| error.to_string())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

#[test]
fn the_environment_takes_precedence_over_the_file_and_the_file_over_defaults() {
    let file = file("[server]\nname = \"file\"\nlimit = 3");
    let server = load(Some(file.path()), &[("DEMO_LIMIT", "7"), ("DEMO_OF_ANOTHER", "1")]);
    let server = server.expect("loaded");
    assert_eq!((&*server.name, server.limit, &*server.token), ("file", 7, "none"));
}

#[test]
fn digits_in_a_text_setting_stay_text() {
    assert_eq!(load(None, &[("DEMO_NAME", "007")]).expect("loaded").name, "007");
}

#[test]
fn a_misspelled_variable_is_answered_with_the_closest_one() {
    let error = load(None, &[("DEMO_LIMITS", "1")]).expect_err("unknown");
    assert_eq!(error, "DEMO_LIMITS is not a setting; did you mean DEMO_LIMIT?");
    let error = load(None, &[("DEMO_XYZZY", "1")]).expect_err("unknown");
    assert_eq!(error, "DEMO_XYZZY is not a setting; `demo --help` lists them");
}

#[test]
fn a_near_miss_of_a_shared_setting_is_refused_and_other_variables_are_not() {
    let error = load(None, &[("STORE_ULR", "x")]).expect_err("unknown");
    assert_eq!(error, "STORE_ULR is not a setting; did you mean STORE_URL?");
    let others = [("STORE_PORT", "tcp://a:1"), ("DEMO_SERVICE_PORT_HTTP", "1"), ("STORE", "x")];
    assert!(load(None, &others).is_ok());
}

#[test]
fn unknown_variables_are_warnings_if_they_are_allowed() {
    let variables = [("DEMO_LIMITS", "1"), ("STORE_ULR", "x")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let source = Source { file: None, allow_unknown: true };
    let loaded = TABLE.load::<Config>(source, variables).expect("loaded");
    let expected = [
        "DEMO_LIMITS is not a setting; did you mean DEMO_LIMIT?",
        "STORE_ULR is not a setting; did you mean STORE_URL?",
    ];
    assert_eq!(loaded.warnings, expected);
}

#[test]
fn a_removed_variable_names_its_replacement() {
    let error = load(None, &[("LIMIT", "1")]).expect_err("removed");
    assert_eq!(error, "LIMIT is no longer a setting; use DEMO_LIMIT instead");
}

#[test]
fn an_invalid_value_is_named_under_both_names() {
    let error = load(None, &[("DEMO_LIMIT", "many")]).expect_err("invalid");
    assert!(error.starts_with("DEMO_LIMIT (`server.limit` in the file): "), "{error}");
}

#[test]
fn a_secret_comes_from_a_file_and_never_from_both() {
    let file = file("s3cret\n");
    let path = file.path().to_str().expect("a path");
    assert_eq!(load(None, &[("DEMO_TOKEN_FILE", path)]).expect("loaded").token, "s3cret");
    let error = load(None, &[("DEMO_TOKEN_FILE", path), ("DEMO_TOKEN", "x")]).expect_err("both");
    assert_eq!(error, "DEMO_TOKEN and DEMO_TOKEN_FILE are both set; keep one");
    let error = load(None, &[("DEMO_TOKEN_FILE", "/nowhere")]).expect_err("no file");
    assert!(error.starts_with("DEMO_TOKEN_FILE: "), "{error}");
    assert!(load(None, &[("DEMO_NAME_FILE", path)]).is_err());
}

#[test]
fn a_readme_is_compared_row_by_row() {
    let rows = "| `DEMO_NAME` | `server.name` | `films` | name |\n\
                | `DEMO_LIMIT` | `server.limit` | `10` | limit |\n\
                | `DEMO_TOKEN` | `server.token` | `none` | token |\n\
                | `STORE_URL` | `server.store` | `store:1` | store |";
    assert_eq!(TABLE.differences_to_readme(rows), Vec::<String>::new());
    let wrong = rows.replace("`10`", "`11`") + "\n| `DEMO_OLD` | `server.old` | `1` | gone |";
    assert_eq!(TABLE.differences_to_readme(&wrong).len(), 2);
}

#[test]
fn what_is_wrong_in_the_file_is_named_by_line_and_never_quoted() {
    let wrong = file("[server]\nname = \"a\"\ntokn = \"s3cret\"");
    let error = load(Some(wrong.path()), &[]).expect_err("unknown");
    assert!(error.contains("line 3: unknown field `tokn`"), "{error}");
    let broken = file("[server]\ntoken = \"s3cret\" x");
    let error = load(Some(broken.path()), &[]).expect_err("no TOML");
    assert!(error.contains("line 2: ") && !error.contains("s3cret"), "{error}");
}
