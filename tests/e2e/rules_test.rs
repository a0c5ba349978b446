//! `auth-server rules test`

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use quick_junit::{Report, TestCaseStatus};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program::{AUTH_SERVER, Finished, NO_SETTINGS, signal};

const RULES: &str = "p, 10, anonymous, label:new, read, deny\n\
    p, 20, anonymous, film:*, read, allow\n\
    p, 30, anonymous, film:a, read, deny\n";

const CASES: &str = r#"
[[case]]
name = "guests read <films> & more"
action = "read"
resource = "film:a"
labels = []
allowed = true

[[case]]
name = "guests write films"
action = "write"
resource = "film:a"
labels = []
allowed = true
"#;

/// A folder with rules and cases.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        fs::write(files.path("rules.csv"), RULES).unwrap();
        fs::write(files.path("cases.toml"), CASES).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn arguments(&self) -> [String; 6] {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let (rules, cases) = (text(self.path("rules.csv")), text(self.path("cases.toml")));
        ["rules", "test", "--rules", &rules, "--cases", &cases].map(str::to_owned)
    }

    fn test(&self, options: &[&str]) -> Finished {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        AUTH_SERVER.run(&[&arguments, options].concat(), NO_SETTINGS, "")
    }
}

#[test]
fn failures_and_unexercised_rules_are_printed() {
    let files = Files::new();
    let failed = files.test(&["--coverage"]);
    assert_eq!(failed.status, Some(1), "{failed:?}");
    let cases = files.path("cases.toml");
    let expected = format!(
        "{}:9: guests write films\n    expected allowed\n    actual   denied (no_rule)\n\
         not exercised: p, 10, anonymous, label:new, read, deny\n\
         not exercised: p, 30, anonymous, film:a, read, deny\n\
         1 of 3 rules exercised\n1 of 2 cases passed\n",
        cases.display()
    );
    assert_eq!(failed.stdout, expected);
    fs::write(cases, CASES.replace("\"write\"", "\"read\"")).unwrap();
    let passed = files.test(&[]);
    assert_eq!((passed.status, &*passed.stdout), (Some(0), "2 of 2 cases passed\n"), "{passed:?}");
}

#[test]
fn the_result_of_every_case_is_json_on_request() {
    let files = Files::new();
    let ran = files.test(&["--json", "--coverage"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = files.path("cases.toml");
    let expected = json!({
        "file": file.to_str(), "cases": 2, "passed": 1,
        "results": [
            {
                "name": "guests read <films> & more", "line": 2, "passed": true,
                "expected": { "allowed": true, "code": null },
                "actual": { "allowed": true, "code": "allowed" },
                "rule": "p, 20, anonymous, film:*, read, allow",
            },
            {
                "name": "guests write films", "line": 9, "passed": false,
                "expected": { "allowed": true, "code": null },
                "actual": { "allowed": false, "code": "no_rule" }, "rule": null,
            },
        ],
        "coverage": {
            "rules": 3, "exercised": 1,
            "unexercised": [
                "p, 10, anonymous, label:new, read, deny", "p, 30, anonymous, film:a, read, deny",
            ],
        },
    });
    assert_eq!(document, expected);
    let without: Value = serde_json::from_str(&files.test(&["--json"]).stdout).unwrap();
    assert_eq!(without.get("coverage"), None);
}

#[test]
fn the_result_of_every_case_is_in_a_junit_file() {
    let files = Files::new();
    let junit = files.path("junit.xml");
    let ran = files.test(&["--junit", junit.to_str().unwrap()]);
    assert!(ran.status == Some(1) && ran.stdout.ends_with("1 of 2 cases passed\n"), "{ran:?}");
    let xml = fs::read_to_string(&junit).unwrap();
    let report = Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0), "{xml}");
    let [suite] = report.test_suites.as_slice() else { panic!("{xml}") };
    let [passed, failed] = suite.test_cases.as_slice() else { panic!("{xml}") };
    assert_eq!(passed.name.as_str(), "guests read <films> & more");
    assert!(matches!(passed.status, TestCaseStatus::Success { .. }), "{xml}");
    let TestCaseStatus::NonSuccess { message, .. } = &failed.status else { panic!("{xml}") };
    let message = message.as_ref().unwrap().as_str();
    assert_eq!(message, "expected allowed; actual   denied (no_rule)");
    let nowhere = files.test(&["--junit", "/nowhere/junit.xml"]);
    assert!(nowhere.status == Some(1) && nowhere.stderr.contains("/nowhere"), "{nowhere:?}");
}

/// The next line about how many cases passed, among those of a running program.
fn next_result(lines: &Receiver<String>) -> String {
    loop {
        let line = lines.recv_timeout(Duration::from_secs(20)).unwrap();
        if line.ends_with("passed") || line.contains("rules.csv: line") {
            return line;
        }
    }
}

fn lines_of(output: impl std::io::Read + Send + 'static, to: &mpsc::Sender<String>) {
    let to = to.clone();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
}

fn replace(file: &Path, text: &str) {
    // As editors do.
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn a_watched_file_is_tested_again_whenever_it_changes() {
    let files = Files::new();
    let mut command = AUTH_SERVER.command(NO_SETTINGS);
    command.args(files.arguments()).arg("--watch");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (to, lines) = mpsc::channel();
    lines_of(child.stdout.take().unwrap(), &to);
    lines_of(child.stderr.take().unwrap(), &to);
    assert_eq!(next_result(&lines), "1 of 2 cases passed");
    let more = format!("{RULES}p, 40, anonymous, film:*, write, allow\n");
    replace(&files.path("rules.csv"), &more);
    assert_eq!(next_result(&lines), "2 of 2 cases passed");
    fs::write(files.path("rules.csv"), "p, x").unwrap();
    assert!(next_result(&lines).contains("line 1"));
    fs::write(files.path("rules.csv"), RULES).unwrap();
    assert_eq!(next_result(&lines), "1 of 2 cases passed");
    fs::write(files.path("cases.toml"), CASES.replace("\"write\"", "\"read\"")).unwrap();
    assert_eq!(next_result(&lines), "2 of 2 cases passed");
    assert!(child.try_wait().unwrap().is_none());
    // Not SIGINT, which a shell in the background has its children ignore.
    signal(child.id(), "TERM");
    child.wait().unwrap();
    let without_rules = AUTH_SERVER.run(&["rules", "test", "--watch"], NO_SETTINGS, "");
    assert!(without_rules.status == Some(2) && without_rules.stderr.contains("--rules"));
    let input = AUTH_SERVER.run(&["rules", "test", "--rules", "-", "--watch"], NO_SETTINGS, "");
    assert!(input.status == Some(1) && input.stderr.contains("standard input"), "{input:?}");
}
