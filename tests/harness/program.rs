//! The programs, as processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::Value;

/// How long a program may take to start, or to run to its end.
const PATIENCE: Duration = Duration::from_mins(1);

type Lines = Arc<Mutex<Vec<String>>>;

/// Settings of a program: its whole environment but `PATH`.
pub type Settings = Vec<(String, String)>;

/// A running server. It is killed with this value.
pub struct Program {
    child: Child,
    lines: Lines,
}

impl Program {
    /// Starts `auth-server serve`.
    ///
    /// # Panics
    /// It is not there: it was not built.
    #[must_use]
    pub fn serve(settings: &Settings) -> Self {
        let mut command = Command::new(path());
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = with(&mut command, settings).spawn().unwrap();
        let lines = Lines::default();
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        Self { child, lines }
    }

    /// The URL of this listener (`api`, `ops`), once it listens.
    ///
    /// # Panics
    /// It does not.
    #[must_use]
    pub fn url(&mut self, listener: &str) -> String {
        let started = Instant::now();
        loop {
            for event in self.events() {
                if event["message"] == "listening" && event["listener"] == listener {
                    return format!("http://{}", event["address"].as_str().unwrap());
                }
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended at once: {:#?}", self.log());
            assert!(started.elapsed() < PATIENCE, "does not listen: {:#?}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Everything printed so far, line by line.
    ///
    /// # Panics
    /// A reader of it panicked.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines that are JSON.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.log().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// A figure of `/proc/<pid>/status` in KiB: `VmRSS`, `VmHWM`.
    ///
    /// # Panics
    /// The process is gone.
    #[must_use]
    pub fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends a signal: `TERM`, `INT`.
    ///
    /// # Panics
    /// The process is gone.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// Waits until the program has ended by itself.
    ///
    /// # Panics
    /// It does not.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "does not end: {:#?}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(output: impl Read + Send + 'static, lines: &Lines) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit status.
    pub code: Option<i32>,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub error: String,
}

/// Runs `auth-server` to its end, with `input` on standard input.
///
/// # Panics
/// It is not there: it was not built.
#[must_use]
pub fn run(arguments: &[&str], settings: &Settings, input: &str) -> Ran {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(path()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = with(&mut command, settings).spawn().unwrap();
    // A program that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    ran(child.wait_with_output().unwrap())
}

fn ran(Output { status, stdout, stderr }: Output) -> Ran {
    Ran {
        code: status.code(),
        output: String::from_utf8_lossy(&stdout).into_owned(),
        error: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

fn with<'a>(command: &'a mut Command, settings: &Settings) -> &'a mut Command {
    command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(settings.iter().map(|(name, value)| (name, value)))
}

/// Cargo puts programs one folder above their tests.
fn path() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(2).unwrap().join("auth-server")
}
