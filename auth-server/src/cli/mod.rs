//! The command line: one file per command.

pub(crate) mod audit;
pub(crate) mod client;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod password;
pub(crate) mod reset_link;
pub(crate) mod role;
pub(crate) mod rules;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod superuser;
pub(crate) mod user;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use policies::RoleName;

use service::build;
use service::command_line::About;
use service::config::{ConfigError, Loaded, Source};
use service::exit::Exit;
use service::log;
use service::output::{self, OutputError};
use service::similar::closest;

use crate::app::{StartError, open};
use crate::authn::publish_now;
use crate::config::{Config, SETTINGS};
use crate::http::problem::Problem;
use crate::policy::LivePolicy;
use crate::session::Revocation;

/// Accounts, sessions, roles and rules, and access decisions based on them
#[derive(Parser)]
#[command(name = "auth-server", version = build::version())]
struct Cli {
    /// TOML settings file; environment variables take precedence
    #[arg(long, env = SETTINGS.file_variable, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Warn of unknown variables instead of refusing them
    #[arg(long, global = true)]
    allow_unknown_settings: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT
    #[command(after_help = SETTINGS.help())]
    Serve,
    /// Apply database migrations, and install the shipped rules if there are none
    Migrate {
        /// Print JSON: the migrations `applied`, `warnings`, and the number of `installed_rules`
        #[arg(long)]
        json: bool,
    },
    /// Create, revoke and list superusers
    #[command(subcommand)]
    Superuser(superuser::Command),
    /// Check everything `serve` needs and report problems
    ///
    /// Exits with 1 if a check fails; warnings do not count.
    Doctor(doctor::Options),
    /// List, rotate and revoke the keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::Command),
    /// Replace a secret that was stolen or lost
    #[command(subcommand)]
    Secret(secret::Command),
    /// List and end sessions
    #[command(subcommand, visible_alias = "session")]
    Sessions(sessions::Command),
    /// Create, list and disable accounts, grant roles, and recover access
    #[command(subcommand)]
    User(user::Command),
    /// List roles
    #[command(subcommand)]
    Role(role::Command),
    /// Manage service clients and their scopes
    #[command(subcommand)]
    Client(client::Command),
    /// Explain why a user, a guest or a caller with some roles may do something or not
    Explain(explain::Options),
    /// Check, test, import and export rules
    #[command(subcommand)]
    Rules(rules::Command),
    /// List audit records: who changed what
    Audit(audit::Options),
    #[command(flatten)]
    About(About),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing was tried: the settings are wrong.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// The server, or what a command needs of it, does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It was attempted, and its output could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// It was attempted, and failed.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// How the program ends with this failure.
    fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) => Exit::Usage,
            Self::Start(error) => error.exit(),
            Self::Output(_) | Self::Failed(_) => Exit::Failure,
        }
    }

    fn because(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// No account has this login.
    fn unknown_login(login: &str) -> Self {
        Self::Failed(format!("there is no account `{login}`"))
    }

    /// A failure that concerns a file.
    fn about(path: &Path, error: impl Display) -> Self {
        Self::Failed(format!("{}: {error}", path.display()))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let Problem { title, detail, .. } = problem;
        Self::Failed([title, detail.as_deref().unwrap_or_default()].join(" ").trim_end().to_owned())
    }
}

/// Runs the program with the arguments and the environment of this process.
pub async fn run() -> ExitCode {
    match dispatch(Cli::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            output::report(format_args!("error: {failure}"));
            failure.exit().into()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli { config, allow_unknown_settings: allow_unknown, command } = cli;
    let source = Source { file: config.as_deref(), allow_unknown };
    let loaded = || SETTINGS.load_from_environment::<Config>(source);
    // The log has been started.
    let settings = || loaded().map(Loaded::warn);
    if !matches!(command, Command::Serve) {
        log::start_for_command();
    }
    match command {
        Command::Serve => serve::run(loaded()?).await?,
        Command::Migrate { json } => migrate::run(settings()?, json).await?,
        Command::Superuser(command) => superuser::run(command, settings()?).await?,
        Command::Doctor(options) => return doctor::run(&options, settings()).await,
        Command::Keys(command) => keys::run(command, settings()?).await?,
        Command::Secret(command) => secret::run(command, settings()?).await?,
        Command::Sessions(command) => sessions::run(command, settings()?).await?,
        Command::User(command) => user::run(command, settings()?).await?,
        Command::Role(command) => role::run(command, settings()?).await?,
        Command::Client(command) => client::run(command, settings()?).await?,
        Command::Audit(options) => audit::run(&options, &settings()?).await?,
        Command::About(about) => about.print::<Cli>()?,
        Command::Explain(options) => explain::run(options, settings()?).await?,
        Command::Rules(command) => return rules::run(command, settings).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// A time, to the second.
fn second(time: DateTime<Utc>) -> impl Display {
    time.format("%Y-%m-%dT%H:%M:%SZ")
}

/// The role of this name.
fn role_name(policy: &LivePolicy, name: &str) -> Result<RoleName, Failure> {
    let policy = policy.snapshot_full();
    if let Ok(role) = RoleName::parse(name)
        && policy.has_role(&role)
    {
        return Ok(role);
    }
    let roles = policy.defined_roles();
    let closest = closest(name, roles.iter().map(|role| role.name.as_str()));
    let closest = closest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Err(Failure::Failed(format!("there is no role `{name}`{closest}")))
}

/// Tells running servers at once. Without Redis they read the revocation from the database, within a
/// second.
async fn publish(config: &Config, revocation: &Revocation) -> Result<(), Failure> {
    let Some(redis) = open::redis(&config.redis)? else { return Ok(()) };
    if let Err(error) = publish_now(&redis, revocation).await {
        tracing::warn!(%error, "cannot send the revocation to Redis");
    }
    Ok(())
}
