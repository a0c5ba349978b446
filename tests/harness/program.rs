//! The programs, as processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::Value;

/// How long a program may take to start, or to run to its end.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The auth-server.
pub const AUTH_SERVER: Program = Program("auth-server");
/// The labeler.
pub const ETL_LABELER: Program = Program("etl-labeler");
/// The film site's API.
pub const MOVIE_API: Program = Program("movie-api");

/// Environment variables of a program.
pub type Settings = Vec<(String, String)>;

/// For programs that must not need any setting.
pub const NO_SETTINGS: &[(&str, &str)] = &[];

/// A program of this workspace, built before the tests run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Program(&'static str);

impl Program {
    /// A command whose environment is `PATH` and these settings.
    pub fn command<K: AsRef<OsStr>, V: AsRef<OsStr>>(self, settings: &[(K, V)]) -> Command {
        isolated(Command::new(self.path()), settings)
    }

    /// Starts `PROGRAM serve`.
    ///
    /// # Panics
    /// If the program was not built.
    #[must_use]
    pub fn serve<K: AsRef<OsStr>, V: AsRef<OsStr>>(self, settings: &[(K, V)]) -> Server {
        let mut command = self.command(settings);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let lines = Lines::default();
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        Server { child, lines }
    }

    /// Runs the program to its end, with `input` on standard input.
    ///
    /// # Panics
    /// If the program was not built.
    #[must_use]
    pub fn run<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        self,
        arguments: &[&str],
        settings: &[(K, V)],
        input: &str,
    ) -> Finished {
        let mut command = isolated(Command::new("timeout"), settings);
        command.arg(TIMEOUT.as_secs().to_string()).arg(self.path()).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{self:?}: {error}"));
        // A program that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Cargo puts programs one folder above their tests.
    fn path(self) -> PathBuf {
        let path = env::current_exe().unwrap().ancestors().nth(2).unwrap().join(self.0);
        assert!(path.exists(), "{} is missing: cargo build --workspace --bins", self.0);
        path
    }
}

fn isolated<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    mut command: Command,
    settings: &[(K, V)],
) -> Command {
    command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// How a command ended, and what it printed.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; `None` after a signal.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        Self {
            status: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Finished {
    /// The number after `name=` on standard output.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        let words = self.stdout.split_whitespace().filter_map(|word| word.split_once('='));
        let found = words.into_iter().find(|(found, _)| *found == name);
        found.unwrap_or_else(|| panic!("no {name} in {self:?}")).1.parse().unwrap()
    }
}

type Lines = Arc<Mutex<Vec<String>>>;

/// A running server, killed when this value is dropped.
pub struct Server {
    child: Child,
    lines: Lines,
}

impl Server {
    /// The URL of this listener (`api`, `ops`), once it accepts connections.
    ///
    /// # Panics
    /// If the program ends or does not listen in time.
    #[must_use]
    pub fn url(&mut self, listener: &str) -> String {
        let started = Instant::now();
        loop {
            for event in self.events() {
                let field = if listener == "ops" { "ops_address" } else { "address" };
                if event["message"] == "listening" {
                    return format!("http://{}", event[field].as_str().unwrap());
                }
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended at once: {:#?}", self.log());
            assert!(started.elapsed() < TIMEOUT, "does not listen: {:#?}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Every line printed so far.
    ///
    /// # Panics
    /// If a reader of the output panicked.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines that are JSON.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.log().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// A value from `/proc/<pid>/status` in KiB, such as `VmRSS` or `VmHWM`.
    ///
    /// # Panics
    /// If the process has ended.
    #[must_use]
    pub fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Processor time that the process has used, in hundredths of a second.
    ///
    /// # Panics
    /// If the process has ended.
    #[must_use]
    pub fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let times = after_name.split_whitespace().skip(11).take(2);
        times.map(|time| time.parse::<u64>().unwrap()).sum()
    }

    /// Lets the process open at most this many file descriptors from now on.
    ///
    /// # Panics
    /// If the process has ended.
    pub fn limit_descriptors(&self, limit: u32) {
        let pid = self.child.id().to_string();
        let arguments = ["--pid", &pid, &format!("--nofile={limit}:{limit}")];
        assert!(Command::new("prlimit").args(arguments).status().unwrap().success());
    }

    /// Sends a signal: `TERM`, `INT`, `KILL`, `STOP`, `CONT`.
    ///
    /// # Panics
    /// If the process has ended.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits until the program has ended.
    ///
    /// # Panics
    /// If it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < TIMEOUT, "does not end: {:#?}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // KILL also ends a stopped process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
///
/// # Panics
/// If the process has ended.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
}

fn collect(output: impl Read + Send + 'static, lines: &Lines) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}
