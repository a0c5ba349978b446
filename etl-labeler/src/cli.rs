//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config;

/// Writes access labels on the films in Elasticsearch.
#[derive(Debug, Parser)]
#[command(name = "etl-labeler", version, after_help = config::help())]
pub struct Cli {
    /// TOML file with settings.
    #[arg(long, global = true, env = config::FILE_VARIABLE, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load films, one JSON object a line, creating the index if it is missing. Exit status 1: some
    /// lines were skipped.
    Import {
        /// The films.
        file: PathBuf,
    },
    /// Label all films now.
    Once,
    /// Label on a schedule until stopped by SIGTERM or SIGINT.
    Run,
    /// Show what labelling would change, without writing.
    Preview {
        /// How many films to show.
        #[arg(long, default_value_t = 10, value_name = "N")]
        samples: usize,
    },
}
