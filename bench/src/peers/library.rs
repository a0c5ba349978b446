//! The library `policies` as a program that decides in process.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use policies::{Facts, Resource, RoleName, Snapshot, csv};

use super::embedded::Measured;

struct Question {
    roles: Vec<RoleName>,
    film: String,
    labels: Vec<String>,
}

impl Question {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let mut fields = line.split('\t').skip(1);
        let mut field = || fields.next().with_context(|| format!("an incomplete line: {line}"));
        let roles = field()?.split(',').map(RoleName::parse).collect::<Result<_, _>>()?;
        let film = field()?.to_owned();
        let labels = field()?.split(',').map(str::to_owned).collect();
        Ok(Self { roles, film, labels })
    }

    /// From the names of roles and labels, as an application has them.
    fn decide(&self, policy: &Snapshot) -> anyhow::Result<bool> {
        let roles = policy.role_set(&self.roles);
        let film = Resource::new("film", Some(&self.film));
        let labels = Facts::labels(self.labels.iter().map(String::as_str));
        Ok(policy.decide(&roles, "read", &film, &labels)?.allowed)
    }
}

/// Serves commands until its input ends.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let rules = csv::read(&std::fs::read_to_string(folder.join("rules.csv"))?)?;
    let policy = Snapshot::empty([])?.next(1, &rules.changes())?;
    let questions = std::fs::read_to_string(folder.join("questions.tsv"))?;
    let questions: Vec<Question> =
        questions.lines().map(Question::parse).collect::<Result<_, _>>()?;
    println!("ready {}", env!("CARGO_PKG_VERSION"));
    for command in std::io::stdin().lock().lines() {
        let answer = match command?.split_once(' ') {
            Some(("answer", _)) => answers(&policy, &questions)?,
            Some(("run", seconds)) => {
                let time = Duration::from_secs(seconds.parse()?);
                serde_json::to_string(&run(&policy, &questions, time)?)?
            }
            _ => bail!("an unknown command"),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn answers(policy: &Snapshot, questions: &[Question]) -> anyhow::Result<String> {
    let answer = |it: &Question| Ok(if it.decide(policy)? { '1' } else { '0' });
    questions.iter().map(answer).collect()
}

fn run(policy: &Snapshot, questions: &[Question], time: Duration) -> anyhow::Result<Measured> {
    let (start, mut times) = (Instant::now(), Vec::new());
    let mut last = start;
    for question in questions.iter().cycle() {
        question.decide(policy)?;
        let now = Instant::now();
        times.push(now - last);
        last = now;
        if now - start >= time {
            break;
        }
    }
    let per_second = f64::from(u32::try_from(times.len())?) / start.elapsed().as_secs_f64();
    times.sort_unstable();
    let percentile = |percent: usize| times.get(times.len() * percent / 100).copied();
    let us = |percent| percentile(percent).unwrap_or_default().as_secs_f64() * 1e6;
    Ok(Measured { per_second, p50_us: us(50), p99_us: us(99) })
}
