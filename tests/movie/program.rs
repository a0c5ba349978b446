//! One of our programs, running.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a program may take to start, or to run to its end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. It ends with this value.
pub struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// `http://` and the address that it listens on.
    pub url: String,
}

impl Program {
    /// Starts a server and waits until it listens.
    pub fn serve(name: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = command(path(name), settings)
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = Arc::default();
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        let mut program = Self { child, lines, url: String::new() };
        program.url = program.wait_until_listening(name);
        program
    }

    fn wait_until_listening(&mut self, name: &str) -> String {
        let started = Instant::now();
        loop {
            let lines = self.log();
            let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(event) = events.into_iter().find(|event| event["message"] == "listening") {
                return format!("http://{}", event["address"].as_str().unwrap());
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended at once: {lines:#?}");
            assert!(started.elapsed() < PATIENCE, "{name} does not listen: {lines:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every line that the program has printed so far.
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Sends a signal: `TERM`, `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until the program has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // KILL ends a stopped process too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(output: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}

/// Runs a program to its end, with `input` on standard input.
pub fn run(name: &str, arguments: &[&str], settings: &[(&str, &str)], input: &str) -> Output {
    let mut child = command("timeout".into(), settings)
        .arg(PATIENCE.as_secs().to_string())
        .arg(path(name))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    // A program that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// As [`run`], for a run that must succeed.
pub fn run_well(name: &str, arguments: &[&str], settings: &[(&str, &str)], input: &str) {
    let output = run(name, arguments, settings, input);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {} {text}", output.status);
}

/// The program, with these settings only.
fn command(program: PathBuf, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(settings.iter().copied());
    command
}

/// Cargo puts programs one folder above their tests.
fn path(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join(name)
}
