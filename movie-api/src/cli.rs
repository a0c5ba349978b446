//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::clock::Clock;
use service::exit::Exit;
use service::log;

use crate::app::{self, ServeError};
use crate::config::{Config, SETTINGS};
use crate::database;

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
    /// Create or update the tables of favorites
    Migrate,
}

/// Runs the program with the arguments and the environment of this process.
pub async fn start() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let config: Config = match SETTINGS.load_from_environment(config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("movie-api: {error}");
            return Exit::Usage.into();
        }
    };
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&config).await,
        Command::Migrate => migrate(&config).await,
    }
}

async fn serve(config: &Config) -> ExitCode {
    log::start(&config.log);
    match app::run(config, Clock::default()).await {
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

async fn migrate(config: &Config) -> ExitCode {
    let Some(url) = &config.database.url else {
        eprintln!(
            "movie-api: MOVIE_DATABASE_URL must be set, as postgres://user:password@host/database"
        );
        return Exit::Usage.into();
    };
    match database::migrate(url).await {
        Ok(applied) if applied.is_empty() => println!("the database is up to date"),
        Ok(applied) => applied.iter().for_each(|name| println!("applied {name}")),
        Err(error) => {
            eprintln!("movie-api: {error}");
            return error.exit().into();
        }
    }
    Exit::Success.into()
}
