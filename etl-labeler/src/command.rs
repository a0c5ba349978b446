//! Runs the command of the command line.

use std::process::ExitCode;

use policies::label_rules::LabelRules;
use serde_json::json;
use service::{
    clock::Clock,
    config::{Loaded, Source},
    exit::Exit,
    log, output, shutdown,
};
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError,
    cli::{AnyCommand, Cli, Command, RulesCommand},
    clock,
    config::{self, Config, SETTINGS},
    elastic::Elastic,
    exclusive::Exclusive,
    import::{
        Import,
        database::{self, Sync},
    },
    metrics::Metrics,
    pipeline::{self, Run},
    preview::{self, Audience, PolicySource, Preview},
    rules, worker,
};

/// Runs one command; results go to standard output, everything else to standard error.
pub async fn execute(cli: Cli) -> ExitCode {
    match run(cli).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::report(format_args!("etl-labeler: {error}"));
            error.exit().into()
        }
    }
}

async fn run(
    Cli { config, allow_unknown_settings: allow_unknown, command }: Cli,
) -> Result<Exit, LabelerError> {
    let command = match command {
        AnyCommand::Command(command) => command,
        AnyCommand::About(about) => {
            about.print::<Cli>()?;
            return Ok(Exit::Success);
        }
    };
    let source = Source { file: config.as_deref(), allow_unknown };
    let loaded: Loaded<Config> = SETTINGS.load_from_environment(source)?;
    log::start(&loaded.config.log);
    let config = loaded.warn();
    let clock = Clock::default();
    let rules = rules_of(&command, &config)?;
    let retry_for = config.import.retry_for();
    // A signal ends a command that does not handle it.
    let elastic = Elastic::connect(&config.elasticsearch).await?;
    let elastic = elastic.waiting(retry_for, &CancellationToken::new());
    let page_size = config.labeling.page_size.get();
    match command {
        Command::Import(options) => {
            let stop = shutdown::token().map_err(LabelerError::Signals)?;
            let loss_limit = (!options.force).then(|| config.labeling.loss_limit());
            let import = Import {
                elastic: &elastic,
                rules: &rules,
                options: &options,
                retry_for,
                loss_limit,
                page_size,
                stop: &stop,
            };
            return import.run(clock::now(&clock)).await;
        }
        Command::Sync { full, force } => {
            let stop = shutdown::token().map_err(LabelerError::Signals)?;
            let sync = Sync {
                elastic: &elastic,
                rules: &rules,
                source: &config.source,
                retry_for,
                loss_limit: (!force).then(|| config.labeling.loss_limit()),
                stop: &stop,
            };
            database::check_columns(&config.source).await?;
            let synced = sync.run(full, clock::now(&clock)).await?;
            output::print(&synced)?;
            return Ok(if synced.skipped == 0 { Exit::Success } else { Exit::RejectedInput });
        }
        Command::Once { force } => {
            let stop = shutdown::token().map_err(LabelerError::Signals)?;
            let counters = &Metrics::new().films;
            let loss_limit = (!force).then(|| config.labeling.loss_limit());
            let elastic = elastic.waiting(retry_for, &stop);
            let run = Run {
                elastic: &elastic,
                rules: &rules,
                page_size,
                loss_limit,
                counters,
                stop: &stop,
            };
            let exclusive = exclusive(&config, &elastic, &clock).await?;
            let labelled = pipeline::run(&run, clock::now(&clock)).await;
            if let Some(exclusive) = exclusive {
                exclusive.release().await;
            }
            output::print(labelled?)?;
        }
        Command::Rules(RulesCommand::Check { index, .. }) => {
            return rules::check(&rules, index.then_some(&elastic), clock::now(&clock)).await;
        }
        Command::Rules(RulesCommand::Test { cases, .. }) => {
            let stop = shutdown::token().map_err(LabelerError::Signals)?;
            let elastic = elastic.waiting(retry_for, &stop);
            return rules::test(&elastic, &rules, &cases, clock::now(&clock), &stop).await;
        }
        Command::Status { json } => {
            let status = elastic.status(&rules.hash()).await?;
            let next_run = config.labeling.schedule.0.after(&clock.now()).next();
            output::print(status.report(next_run, json).trim_end_matches('\n'))?;
        }
        Command::Preview { samples, policy, json } => {
            let audience = match policy {
                Some(source) => Some(audience(source, &config, &rules).await?),
                None => None,
            };
            let options = preview::Options { page_size, samples, audience };
            let preview = Preview::new(&elastic, &rules, &options, clock::now(&clock)).await?;
            let text = if json { format!("{:#}", json!(preview)) } else { preview.to_string() };
            output::print(text.trim_end_matches('\n'))?;
        }
        Command::Run => worker::run(config, elastic, rules, clock).await?,
    }
    Ok(Exit::Success)
}

async fn audience(
    source: PolicySource,
    config: &Config,
    rules: &LabelRules,
) -> Result<Audience, LabelerError> {
    let policy = source.read(config.auth.credentials()?).await?;
    Ok(Audience::new(&policy, rules)?)
}

/// The label rules that a command is about.
fn rules_of(command: &Command, config: &Config) -> Result<LabelRules, LabelerError> {
    match command {
        Command::Rules(
            RulesCommand::Check { file: Some(file), .. }
            | RulesCommand::Test { rules: Some(file), .. },
        ) => config::label_rules(file),
        _ => config.labeling.rules(),
    }
}

/// The lock that keeps runs apart; none without PostgreSQL, when a run may be done twice.
async fn exclusive(
    config: &Config,
    elastic: &Elastic,
    clock: &Clock,
) -> Result<Option<Exclusive>, LabelerError> {
    let Some(url) = &config.database.url else { return Ok(None) };
    match Exclusive::acquire(url, elastic, clock).await? {
        Some(exclusive) => Ok(Some(exclusive)),
        None => Err(LabelerError::Busy(elastic.index.clone())),
    }
}
