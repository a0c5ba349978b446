//! The command line.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::build;
use service::clock::Clock;
use service::command_line::About;
use service::config::{Loaded, Source};
use service::exit::Exit;
use service::log;
use service::output::{self, OutputError};

use crate::app::{self, ServeError};
use crate::config::{Config, SETTINGS};
use crate::database;

/// The film site's API: lists and shows films as far as the rules allow
#[derive(Parser)]
#[command(version = build::version(), after_help = SETTINGS.help())]
struct Cli {
    /// TOML settings file; environment variables take precedence
    #[arg(long, env = SETTINGS.file_variable, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Warn of unknown variables instead of refusing them
    #[arg(long, global = true)]
    allow_unknown_settings: bool,
    #[command(subcommand)]
    command: Option<AnyCommand>,
}

#[derive(Subcommand)]
enum AnyCommand {
    #[command(flatten)]
    Command(Command),
    #[command(flatten)]
    About(About),
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
    let Cli { config, allow_unknown_settings: allow_unknown, command } = Cli::parse();
    let command = match command {
        None => Command::Serve,
        Some(AnyCommand::Command(command)) => command,
        Some(AnyCommand::About(about)) => return printed(about.print::<Cli>()),
    };
    let source = Source { file: config.as_deref(), allow_unknown };
    let loaded: Loaded<Config> = match SETTINGS.load_from_environment(source) {
        Ok(loaded) => loaded,
        Err(error) => {
            report(error);
            return Exit::Usage.into();
        }
    };
    match command {
        Command::Serve => {
            log::start(&loaded.config.log);
            serve(&loaded.warn()).await
        }
        Command::Migrate => {
            log::start_for_command();
            migrate(&loaded.warn()).await
        }
    }
}

async fn serve(config: &Config) -> ExitCode {
    match app::run(config, Clock::default()).await {
        Ok(()) => Exit::Success.into(),
        Err(ServeError::Credentials(error)) => {
            report(error);
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
        report("MOVIE_DATABASE_URL must be set, as postgres://user:password@host/database");
        return Exit::Usage.into();
    };
    let direct = config.database.direct_url.as_ref().unwrap_or(url);
    match database::migrate(url, direct).await {
        Ok(applied) => printed(print_applied(&applied)),
        Err(error) => {
            report(&error);
            error.exit().into()
        }
    }
}

fn printed(result: Result<(), OutputError>) -> ExitCode {
    match result {
        Ok(()) => Exit::Success.into(),
        Err(error) => {
            report(error);
            Exit::Failure.into()
        }
    }
}

fn print_applied(applied: &[String]) -> Result<(), OutputError> {
    if applied.is_empty() {
        return output::print("the database is up to date");
    }
    applied.iter().try_for_each(|name| output::print(format_args!("applied {name}")))
}

fn report(error: impl Display) {
    output::report(format_args!("movie-api: {error}"));
}
