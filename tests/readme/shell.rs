//! Runs the command blocks of a file in one shell, as written.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::blocks::{Block, commands, root};

/// Servers in a block run until they are stopped: this stops them as soon as they listen.
const SERVER: &str = r#"#!/bin/bash
case ${1:-serve} in serve | run) ;; *) exec "$PROGRAMS/${0##*/}" "$@" ;; esac
"$PROGRAMS/${0##*/}" "$@" >"$HOME/${0##*/}.log" 2>&1 &
for _ in {1..600}; do
    grep -qE 'listening|started' "$HOME/${0##*/}.log" && break
    kill -0 $! || break
    sleep 0.1
done
kill -TERM $!
wait $! || { status=$?; cat "$HOME/${0##*/}.log" >&2; exit $status; }
"#;

/// `./dev` and `cargo` would build and test everything again. Their arguments are checked instead:
/// see `tooling.rs`.
const TOOL: &str = r#"#!/bin/bash
echo "${0##*/} $*" >>"$HOME/tool-calls"
"#;

/// A shell in a folder that looks like the repository.
pub(crate) struct Shell {
    folder: TempDir,
    environment: Vec<(String, String)>,
    placeholders: Vec<(String, String)>,
    input: String,
}

impl Shell {
    /// Its environment is `PATH`, `HOME` and these variables.
    pub(crate) fn new(environment: &[(&str, &str)]) -> Self {
        let shell = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            placeholders: Vec::new(),
            input: String::new(),
        };
        for entry in fs::read_dir(root()).unwrap() {
            let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
            if ![".dev", ".git", "dev", "target"].iter().any(|hidden| name == *hidden) {
                symlink(path, shell.folder.path().join(name)).unwrap();
            }
        }
        for program in ["auth-server", "etl-labeler", "movie-api"] {
            shell.script(&format!(".home/bin/{program}"), SERVER);
        }
        for tool in [".home/bin/cargo", "dev"] {
            shell.script(tool, TOOL);
        }
        environment.iter().fold(shell, |shell, (name, value)| shell.set(name, value))
    }

    /// Sets a variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces what a user must choose, which must occur.
    pub(crate) fn placeholder(mut self, text: &str, value: &str) -> Self {
        self.placeholders.push((text.to_owned(), value.to_owned()));
        self
    }

    /// What is typed at prompts.
    pub(crate) fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Has curl connect to this server where the commands name `host_port`.
    pub(crate) fn connect(self, host_port: &str, url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        let line = format!("connect-to = \"{host_port}:{address}\"\n");
        let path = self.folder.path().join(".home/.curlrc");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        self
    }

    /// Writes a file that only its owner can read, relative to the home directory.
    pub(crate) fn secret(self, name: &str, text: &str) -> Self {
        self.write(&format!(".home/{name}"), text);
        let path = self.folder.path().join(".home").join(name);
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        self
    }

    /// Writes a file, relative to the root of the repository.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Runs all command blocks of this file in one shell. Each block must print exactly the output
    /// that it documents, if any. Returns the calls of `./dev` and `cargo`.
    pub(crate) fn run(&self, file: &str) -> Vec<String> {
        let blocks = commands(file);
        assert!(!blocks.is_empty(), "{file} has no command blocks");
        let output = self.execute(file, &self.script_of(&blocks));
        for block in &blocks {
            let expected = block.expected_output();
            let printed = output_of(&output, block.line);
            assert!(
                expected.is_empty() || expected == printed,
                "{file}, line {}: expected {expected:#?}, printed {printed:#?}",
                block.line,
            );
        }
        let calls = fs::read_to_string(self.folder.path().join(".home/tool-calls"));
        calls.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// A file that the commands wrote, relative to the home directory.
    pub(crate) fn written(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(".home").join(name)).unwrap()
    }

    fn script_of(&self, blocks: &[Block]) -> String {
        let mut script = "set -euo pipefail\n".to_owned();
        for block in blocks {
            writeln!(script, "echo '{}'\n{}", marker(block.line), block.lines.join("\n")).unwrap();
        }
        for (text, value) in &self.placeholders {
            assert!(script.contains(text), "nothing to replace: {text}");
            script = script.replace(text, value);
        }
        script
    }

    fn execute(&self, file: &str, script: &str) -> Vec<String> {
        let home = self.folder.path().join(".home");
        self.write(".home/script.sh", script);
        self.write(".home/input", &self.input);
        let programs = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let path = env::var("PATH").unwrap();
        let mut command = Command::new("bash");
        command.arg(home.join("script.sh")).current_dir(&self.folder);
        command.stdin(fs::File::open(home.join("input")).unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().env("HOME", &home).env("CURL_HOME", &home).env("PROGRAMS", programs);
        command.env("PATH", format!("{}:{path}", home.join("bin").display()));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let ran = command.output().unwrap();
        let output = String::from_utf8(ran.stdout).unwrap();
        let error = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{file}: {}\n{output}\n{error}", ran.status);
        output.lines().map(str::to_owned).collect()
    }

    fn script(&self, path: &str, text: &str) {
        self.write(path, text);
        let path = self.folder.path().join(path);
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new("/"))).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Printed before the output of a block.
fn marker(line: usize) -> String {
    format!("---- block in line {line}")
}

/// The output of the block in this line.
fn output_of(output: &[String], line: usize) -> Vec<&str> {
    let start = output.iter().position(|printed| *printed == marker(line)).unwrap();
    let rest = output.iter().skip(start + 1).map(String::as_str);
    rest.take_while(|printed| !printed.starts_with("---- block in line ")).collect()
}
