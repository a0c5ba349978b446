//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use service::{build, command_line::About};

use crate::{config::SETTINGS, preview::PolicySource};

/// Writes access labels on the films in Elasticsearch
#[derive(Debug, Parser)]
#[command(name = "etl-labeler", version = build::version(), after_help = SETTINGS.help())]
pub struct Cli {
    /// TOML settings file; environment variables take precedence
    #[arg(long, global = true, env = SETTINGS.file_variable, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Warn of unknown variables instead of refusing them
    #[arg(long, global = true)]
    pub allow_unknown_settings: bool,
    /// The command.
    #[command(subcommand)]
    pub command: AnyCommand,
}

/// Any command.
#[derive(Debug, Subcommand)]
pub enum AnyCommand {
    /// One that works with films or label rules.
    #[command(flatten)]
    Command(Command),
    /// One about the program itself.
    #[command(flatten)]
    About(About),
}

/// The file of an import, and how it is imported.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// File of films; `-` for standard input
    pub file: PathBuf,
    /// TOML file that says which field of the source becomes which
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Import into a new index, label it, and replace the current one when it is complete
    #[arg(long)]
    pub replace: bool,
    /// Print what the first N films would become, and write nothing
    #[arg(long, value_name = "N", conflicts_with_all = ["replace", "rejects"])]
    pub sample: Option<usize>,
    /// Go on with a stopped import from this line (of a JSON array: this element)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub from_line: Option<u64>,
    /// Replace although lines of the file were skipped
    #[arg(long, requires = "replace")]
    pub accept_rejects: bool,
    /// Replace although labels would be lost by more films than `ETL_LOSS_LIMIT` allows
    #[arg(long, requires = "replace")]
    pub force: bool,
    /// Write the lines that are not imported to this file, as they are
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// The command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load films from a file, and create the index if it is missing
    ///
    /// Reads NDJSON, a JSON array or CSV, also compressed with gzip or zstd; what a file is, its content
    /// tells. Invalid lines are counted by reason and skipped; the exit code is then 65.
    Import(ImportOptions),
    /// Write what has changed in a film database (`ETL_SOURCE_DATABASE_URL`) to the index
    ///
    /// Reads the tables `content.film_work`, `content.genre`, `content.person` and their links. Changed films are closed until they are
    /// labelled: `run` syncs before it labels.
    Sync {
        /// Compare all films, and delete those that the database no longer has
        #[arg(long)]
        full: bool,
        /// Delete films even if they are more than `ETL_LOSS_LIMIT` allows
        #[arg(long)]
        force: bool,
    },
    /// Label all films now
    ///
    /// Exits with 3, and changes nothing, if a label would be lost by more films than `ETL_LOSS_LIMIT` allows.
    Once {
        /// Label the films although labels would be lost by more films than `ETL_LOSS_LIMIT` allows
        #[arg(long)]
        force: bool,
    },
    /// Label films on a schedule, and films that others changed within a minute, until SIGTERM or SIGINT
    Run,
    /// Show how far the films are labelled
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check label rules, or test them with films whose labels are known
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Show what labeling would change, without writing
    Preview {
        /// Number of films to show of each kind of change
        #[arg(long, default_value_t = 5, value_name = "N")]
        samples: usize,
        /// URL of auth-server, a file as written by `auth-server rules export`, or `-` for standard input:
        /// show what films each role gains and loses
        ///
        /// auth-server shows its policy to a service client with the scope `policy:read` (`ETL_CLIENT_ID`, `ETL_CLIENT_SECRET`),
        /// and the sets of roles that users have.
        #[arg(long, value_name = "URL|FILE")]
        policy: Option<PolicySource>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What to do with label rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check whether label rules are valid
    Check {
        /// Label rules [default: those of `ETL_LABELS`]
        file: Option<PathBuf>,
        /// Check also whether the index of films maps every field as the rules mean it
        #[arg(long)]
        index: bool,
    },
    /// Label the films of a file in an index of their own, and compare with the expected labels
    Test {
        /// Films and expected labels, in TOML
        cases: PathBuf,
        /// Test the rules in this file instead of those of `ETL_LABELS`
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
    },
}
