//! The command line: what a person types, and what they read when it goes wrong.

mod migrate;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, ConfigError};

/// Accounts, sessions, roles and rules, and the answers made of them.
#[derive(Parser)]
#[command(name = "auth-server", version)]
struct Cli {
    /// TOML file with settings; the environment goes before it
    #[arg(long, env = config::FILE_VARIABLE, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests until SIGTERM or SIGINT
    #[command(after_help = config::help())]
    Serve,
    /// Bring the database up to date; puts the shipped rules in where there are none
    Migrate,
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Nothing was tried: the settings are wrong.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// It was tried, and failed.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// 2 for what is wrong with the call, as clap has it; 1 for what went wrong.
    fn code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }

    fn because(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs the program with the arguments and the environment of this process.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.code()
        }
    }
}

async fn dispatch(Cli { config, command }: Cli) -> Result<(), Failure> {
    let read = || settings(config.as_deref());
    match command {
        Command::Serve => serve::run(read()?).await,
        Command::Migrate => migrate::run(read()?).await,
    }
}

fn settings(file: Option<&std::path::Path>) -> Result<Config, ConfigError> {
    // A variable that is not UTF-8 is none of ours, unless its name is; then its value is broken.
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    config::load(file, variables)
}
