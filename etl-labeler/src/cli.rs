//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::SETTINGS;

/// Writes access labels on the films in Elasticsearch
#[derive(Debug, Parser)]
#[command(name = "etl-labeler", version, after_help = SETTINGS.help())]
pub struct Cli {
    /// TOML settings file; environment variables take precedence
    #[arg(long, global = true, env = SETTINGS.file_variable, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load films, one JSON object per line, and create the index if it is missing
    ///
    /// Invalid lines are reported and skipped; the exit code is then 65.
    Import {
        /// File of films
        file: PathBuf,
    },
    /// Label all films now
    Once,
    /// Label films on a schedule until SIGTERM or SIGINT
    Run,
    /// Show what labeling would change, without writing
    Preview {
        /// Number of films to show
        #[arg(long, default_value_t = 10, value_name = "N")]
        samples: usize,
    },
}
