//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{config, logging, server};

/// The film site's API: lists and shows films as far as the rules allow.
#[derive(Parser)]
#[command(version, after_help = config::help())]
struct Cli {
    /// TOML file with settings; environment variables go before it
    #[arg(long, env = config::FILE_VARIABLE, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests until SIGTERM or SIGINT; the default
    Serve,
}

/// Runs the program with the arguments and the environment of this process.
///
/// The exit status is 0 after a drained stop, 1 when it can't serve, 2 for broken settings.
pub async fn start() -> ExitCode {
    let Cli { config: file, command } = Cli::parse();
    let Command::Serve = command.unwrap_or(Command::Serve);
    let config = match config::load(file.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("movie-api: {error}");
            return ExitCode::from(2);
        }
    };
    logging::start(&config.log);
    match server::run(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "can't serve");
            ExitCode::FAILURE
        }
    }
}
