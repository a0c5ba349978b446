//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::clock::Clock;
use service::exit::Exit;
use service::log;

use crate::app::{self, ServeError};
use crate::config::{Config, SETTINGS};

/// The film site's API: lists and shows films as far as the rules allow
#[derive(Parser)]
#[command(version, after_help = SETTINGS.help())]
struct Cli {
    /// TOML settings file; environment variables take precedence
    #[arg(long, env = SETTINGS.file_variable, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests until SIGTERM or SIGINT; the default
    Serve,
}

/// Runs the program with the arguments and the environment of this process.
pub async fn start() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let Command::Serve = command.unwrap_or(Command::Serve);
    let config: Config = match SETTINGS.load_from_environment(config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("movie-api: {error}");
            return Exit::Usage.into();
        }
    };
    log::start(&config.log);
    match app::run(&config, Clock::default()).await {
        Ok(()) => Exit::Success.into(),
        Err(ServeError::Credentials(error)) => {
            eprintln!("movie-api: {error}");
            Exit::Usage.into()
        }
        Err(error) => {
            tracing::error!(%error, "cannot serve");
            Exit::Failure.into()
        }
    }
}
