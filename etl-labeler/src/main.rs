//! etl-labeler

use std::process::ExitCode;

use clap::Parser;
use etl_labeler::{cli::Cli, command};

#[tokio::main]
async fn main() -> ExitCode {
    command::execute(Cli::parse()).await
}
