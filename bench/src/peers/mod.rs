//! auth-server and its library beside OPA, `OpenFGA`, Cerbos and Casbin: the same rules, the same questions, and the same
//! answers, which are compared before anything is measured.

mod cerbos;
mod compare;
mod data;
mod embedded;
mod filters;
pub(crate) mod library;
mod opa;
mod openfga;
mod ours;
mod program;
mod side;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use self::compare::Comparison;
use self::data::Data;
use self::embedded::Embedded;
use self::openfga::Datastore;
use self::side::{Operation, Side};
use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::stats::Pairs;

#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of rules.
    #[arg(long, value_delimiter = ',', default_value = "10,10000,100000")]
    rules: Vec<usize>,
    #[command(flatten)]
    pairs: Pairs,
    /// Program of OPA; without it, OPA is skipped. So with the others.
    #[arg(long)]
    opa: Option<PathBuf>,
    /// Program of `OpenFGA`.
    #[arg(long)]
    openfga: Option<PathBuf>,
    /// Program of Cerbos.
    #[arg(long)]
    cerbos: Option<PathBuf>,
    /// Python with Casbin.
    #[arg(long)]
    casbin_python: Option<PathBuf>,
    /// Program with Casbin in Go.
    #[arg(long)]
    casbin_go: Option<PathBuf>,
    /// Folder with the program of Casbin in Python, and with the model.
    #[arg(long, default_value = "bench/peers/casbin")]
    casbin_folder: PathBuf,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let mut results = Vec::new();
    for &rules in &options.rules {
        let data = Data::generate(rules);
        println!(
            "{rules} rules, {} users, {} roles, {} labels, {} films with 2 labels; {} % of questions are allowed; \
             {} pairs of {} s; wrk -t1 -c32, -c4 for batches and filters; one core each",
            data::USERS,
            data::ROLES,
            data.labels,
            data::FILMS,
            data.percent_allowed(),
            options.pairs.rounds,
            options.pairs.seconds
        );
        let mut report = Report { rules, lines: Vec::new() };
        deployment::with_databases(2, async |databases| {
            measure(options, &data, databases, &mut report).await
        })
        .await?;
        results.extend(report.lines);
    }
    println!("{}", json!({ "bench": "peers", "results": results }));
    Ok(())
}

/// The results at one number of rules.
struct Report {
    rules: usize,
    lines: Vec<serde_json::Value>,
}

impl Report {
    fn add(&mut self, comparison: &Comparison) {
        comparison.print();
        self.lines.push(comparison.to_json(self.rules));
    }
}

async fn measure(
    options: &Options,
    data: &Data,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let [own_database, database] = databases else { bail!("no databases") };
    let folder = tempfile::tempdir()?;
    let deployment = Deployment::prepare(own_database).await?;
    let ours = ours::start(&deployment, data).await?;
    ours.verify(data).await?;
    let bench = Bench { options, data, folder: folder.path(), ours: &ours };
    bench.servers(&database.url, report).await?;
    bench.standards(report).await?;
    drop(ours);
    in_process(options, data, folder.path(), report)
}

struct Bench<'a> {
    options: &'a Options,
    data: &'a Data,
    folder: &'a Path,
    ours: &'a Side,
}

impl Bench<'_> {
    async fn servers(&self, database: &str, report: &mut Report) -> anyhow::Result<()> {
        let Self { options, data, folder, .. } = self;
        if let Some(program) = found("OPA", options.opa.as_deref()) {
            self.beside(&opa::start(program, folder, data).await?, report).await?;
        }
        if let Some(program) = found("OpenFGA", options.openfga.as_deref()) {
            let postgres = Datastore::Postgres(database);
            self.beside(&openfga::start(program, folder, data, postgres).await?, report).await?;
            let memory = openfga::start(program, folder, data, Datastore::Memory).await?;
            self.beside(&memory, report).await?;
        }
        if let Some(program) = found("Cerbos", options.cerbos.as_deref()) {
            self.beside(&cerbos::start(program, folder, data).await?, report).await?;
        }
        Ok(())
    }

    /// Every operation that both sides have.
    async fn beside(&self, peer: &Side, report: &mut Report) -> anyhow::Result<()> {
        let Self { options, data, folder, ours } = self;
        peer.verify(data).await.with_context(|| peer.name.clone())?;
        for &operation in peer.operations.keys() {
            let (own_side, peer_side) = ((*ours, operation), (peer, operation));
            let comparison = compare::servers(&options.pairs, folder, own_side, peer_side).await?;
            report.add(&comparison);
        }
        Ok(())
    }

    /// The APIs of standards and proxies beside the server's own.
    async fn standards(&self, report: &mut Report) -> anyhow::Result<()> {
        let Self { options, folder, ours, .. } = self;
        for operation in [Operation::AuthZen, Operation::ForwardAuth] {
            let (side, own) = ((*ours, operation), (*ours, Operation::Check));
            report.add(&compare::servers(&options.pairs, folder, side, own).await?);
        }
        Ok(())
    }
}

fn in_process(
    options: &Options,
    data: &Data,
    folder: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    embedded::write_files(folder, data)?;
    let own_program = std::env::current_exe()?;
    let mut library = Embedded::start("policies", &[&own_program, Path::new("library")], folder)?;
    library.verify(data)?;
    let python = options.casbin_folder.join("in_python.py");
    let model = options.casbin_folder.join("model.conf");
    let peers = [
        ("Casbin in Python", options.casbin_python.as_deref(), &python),
        ("Casbin in Go", options.casbin_go.as_deref(), &model),
    ];
    for (name, program, argument) in peers {
        let Some(program) = found(name, program) else { continue };
        let mut casbin = Embedded::start(name, &[program, argument], folder)?;
        let compared = casbin.verify(data)?;
        println!("{}: {compared} of {} answers are right", casbin.name, data.single.len());
        report.add(&compare::programs(&options.pairs, &mut library, &mut casbin)?);
    }
    Ok(())
}

/// The program, or a word that its comparison is skipped.
fn found<'a>(name: &str, program: Option<&'a Path>) -> Option<&'a Path> {
    if program.is_none() {
        println!("{name}: SKIPPED: no program");
    }
    program
}
