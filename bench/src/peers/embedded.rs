//! A program that decides in process: it reads rules and questions from a folder, and commands from its input.
//!
//! It prints `ready VERSION` when it has read them. `answer SECONDS` asks it for the answers to the questions in their
//! order, as many as fit into this time, as a line of `0` and `1`; `run SECONDS` to answer them again and again, and for
//! a line of JSON with what it measured.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::data::{Data, film_name, label_name, role_name, user_name};
use super::ours;
use crate::process::{SERVER_CORE, resident_mib};
use crate::wrk;

/// Time in which answers are compared: the slowest programs do not answer all questions in it.
const VERIFY_SECONDS: u32 = 20;

/// What a run has measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

pub(crate) struct Embedded {
    pub(crate) name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Embedded {
    /// Starts the program, whose last argument is the folder, on the core of servers.
    pub(crate) fn start(name: &str, program: &[&Path], folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .args(program)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset (util-linux)")?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        let mut embedded = Self { name: name.to_owned(), child, input, output };
        let ready = embedded.line()?;
        let version = ready.strip_prefix("ready ").with_context(|| format!("{name}: {ready}"))?;
        write!(embedded.name, " {}", version.trim_start_matches('v'))?;
        Ok(embedded)
    }

    /// Compares its answers with the right ones and returns how many there were.
    pub(crate) fn verify(&mut self, data: &Data) -> anyhow::Result<usize> {
        let answers = self.ask(&format!("answer {VERIFY_SECONDS}"))?;
        let right = data.single.iter().flat_map(|question| data.answers(question));
        let mut both = right.map(|answer| if answer { '1' } else { '0' }).zip(answers.chars());
        ensure!(both.all(|(right, given)| right == given), "{} answers wrongly", self.name);
        ensure!(!answers.is_empty(), "{} answers nothing", self.name);
        Ok(answers.len())
    }

    pub(crate) fn run(&mut self, seconds: u32) -> anyhow::Result<wrk::Run> {
        let Measured { per_second, p50_us, p99_us } =
            serde_json::from_str(&self.ask(&format!("run {seconds}"))?)?;
        let (p50_ms, p99_ms) = (p50_us / 1000.0, p99_us / 1000.0);
        let requests = per_second * f64::from(seconds);
        Ok(wrk::Run { requests, per_second, p50_ms, p99_ms, cpu_us: 1e6 / per_second })
    }

    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        resident_mib(self.child.id())
    }

    fn ask(&mut self, command: &str) -> anyhow::Result<String> {
        writeln!(self.input, "{command}")?;
        self.input.flush()?;
        self.line()
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.output.read_line(&mut line)? > 0, "{} has ended", self.name);
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes `rules.csv` for the library, `policy.csv` for Casbin, and `questions.tsv`: user, roles, film and labels.
pub(crate) fn write_files(folder: &Path, data: &Data) -> anyhow::Result<()> {
    std::fs::write(folder.join("rules.csv"), rules(data)?)?;
    std::fs::write(folder.join("policy.csv"), policy(data)?)?;
    Ok(std::fs::write(folder.join("questions.tsv"), questions(data)?)?)
}

fn rules(data: &Data) -> anyhow::Result<String> {
    let mut text = policies::csv::SHIPPED_RULES.to_owned();
    for (priority, role, resource, effect) in ours::rules(data) {
        writeln!(text, "p, {priority}, {role}, {resource}, read, {effect}")?;
    }
    Ok(text)
}

fn questions(data: &Data) -> anyhow::Result<String> {
    let mut text = String::new();
    for question in &data.single {
        let (user, film) = (user_name(question.user), film_name(question.film()));
        let roles = data.roles_of(question.user).collect::<Vec<_>>().join(",");
        let labels = data.label_names_of(question.film()).join(",");
        writeln!(text, "{user}\t{roles}\t{film}\t{labels}")?;
    }
    Ok(text)
}

/// A label without a match is closed, so that no rule has to restrict it. Exclusions from films are an action of their own.
fn policy(data: &Data) -> anyhow::Result<String> {
    let mut text = String::new();
    for (role, rules) in data.roles.iter().enumerate() {
        let role = role_name(role);
        for &label in &rules.denied {
            writeln!(text, "p, {role}, label:{}, read, deny", label_name(label))?;
        }
        for &label in &rules.allowed {
            writeln!(text, "p, {role}, label:{}, read, allow", label_name(label))?;
        }
        for &film in &rules.excluded {
            writeln!(text, "p, {role}, film:{}, exclude, allow", film_name(film))?;
        }
    }
    for user in 0..data.users.len() {
        for role in data.roles_of(user) {
            writeln!(text, "g, {}, {role}", user_name(user))?;
        }
    }
    Ok(text)
}
