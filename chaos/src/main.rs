//! Injects faults into a whole deployment under load, and says what was lost, what was wrongly allowed, for
//! how long requests were refused, and how long recovery took. A black box: it knows programs and HTTP only.

mod audit;
mod clock;
mod faults;
mod http;
mod ledger;
mod load;
mod process;
mod recorder;
mod report;
mod run;
mod site;
mod stores;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use faults::{FAULTS, Fault};
use site::Places;

#[derive(Parser)]
#[command(about = "Injects faults into a whole deployment under load.")]
struct Cli {
    /// Inject only this fault; may be repeated.
    #[arg(long = "fault")]
    faults: Vec<String>,
    /// List the faults.
    #[arg(long)]
    list: bool,
    /// Folder of the programs; otherwise that of this program.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Folder for the logs of the programs.
    #[arg(long, default_value = "logs")]
    logs: PathBuf,
    /// The script that starts the stores.
    #[arg(long, default_value = "./dev")]
    dev: PathBuf,
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    if cli.list {
        for fault in FAULTS {
            println!("{}", fault.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let faults = chosen(&cli.faults)?;
    let own = || Ok::<_, anyhow::Error>(std::env::current_exe()?.parent().context("/")?.to_owned());
    std::fs::create_dir_all(&cli.logs)?;
    let places = Places {
        dev: cli.dev.canonicalize()?,
        programs: cli.programs.map_or_else(own, Ok)?,
        logs: cli.logs.canonicalize()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(run::run(&faults, &places))?;
    println!("{}\n\n{}", report.markdown(), serde_json::to_string(&report)?);
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Fault>> {
    if names.is_empty() {
        return Ok(FAULTS.iter().collect());
    }
    let find = |name: &String| {
        let found = FAULTS.iter().find(|fault| fault.name == name);
        found.with_context(|| format!("unknown fault {name}; `--list` lists them"))
    };
    names.iter().map(find).collect()
}
