//! Carries out what the command line asks for.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError,
    cli::{Cli, Command},
    config::{self, Config},
    elastic::Elastic,
    import, logging, pipeline, preview, signal, worker,
};

/// Everything went well.
const DONE: u8 = 0;
/// Some lines of an import were skipped.
const SOME_BAD: u8 = 1;
/// The command could not be carried out.
const FAILED: u8 = 2;

/// Runs one command; results go to standard output, everything else to standard error.
pub async fn execute(cli: Cli) -> ExitCode {
    let outcome = match config::load(cli.config.as_deref()) {
        Ok(config) => carry_out(cli.command, config).await,
        Err(error) => Err(error.into()),
    };
    ExitCode::from(outcome.unwrap_or_else(|error| {
        eprintln!("etl-labeler: {error}");
        FAILED
    }))
}

async fn carry_out(command: Command, config: Config) -> Result<u8, LabelerError> {
    logging::start(&config)?;
    let rules = config.label_rules()?;
    let elastic = Elastic::new(&config.elasticsearch_url, &config.films_index)?;
    let page_size = config.etl_page_size.get();
    match command {
        Command::Import { file } => {
            let imported = import::import(&elastic, &rules, &file).await?;
            println!("{imported}");
            return Ok(if imported.bad == 0 { DONE } else { SOME_BAD });
        }
        Command::Once => {
            let stop = CancellationToken::new();
            signal::cancel_on_signal(stop.clone())?;
            println!("{}", pipeline::run(&elastic, &rules, page_size, &stop).await?);
        }
        Command::Preview { samples } => {
            print!("{}", preview::preview(&elastic, &rules, page_size, samples).await?);
        }
        Command::Run => worker::run(config, elastic, rules).await?,
    }
    Ok(DONE)
}
