//! `auth-server rules preview`: what an import would change, and for whom.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use policies::At;
use service::output::{self, OutputError};

use super::read;
use crate::app::open;
use crate::audit::Actor;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::films::Films;
use crate::policy::rules::RuleInForce;
use crate::policy::transfer;
use crate::policy::write::PolicyWrite;
use crate::preview::{
    Audience, CallerChanges, ChangedVerdict, FilmChanges, PolicyPreview, UsersChanges, compare,
    report,
};

/// How long an operator waits for a comparison.
const TIME_LIMIT: Duration = Duration::from_mins(10);

#[derive(Args)]
pub(crate) struct Options {
    /// Rules in the format of `rules export`; `-` reads standard input
    file: PathBuf,
    /// Action: the films on which it is allowed are counted
    #[arg(long, default_value = "read")]
    action: String,
    /// Print JSON, as POST /api/v1/policy/preview does
    #[arg(long)]
    json: bool,
}

pub(super) async fn preview(config: &Config, options: &Options) -> Result<(), Failure> {
    let document = read(&options.file)?;
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let mut write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    transfer::replace(&mut write, &document, Actor::CommandLine).await?;
    let discarded = write.discard().await?;
    let audience = Audience::of(&discarded, &pool).await.map_err(Failure::because)?;
    let films = Films::open(config.elasticsearch.as_ref()).map_err(Failure::because)?;
    let (at, deadline) = (At::Time(clock.now()), Instant::now() + TIME_LIMIT);
    let compared = compare(&discarded, audience, &options.action, at, deadline);
    let compared = compared.map_err(Failure::because)?;
    let compared = compared.ok_or_else(|| Failure::because("the comparison takes too long"))?;
    let preview = report(compared, films.as_ref()).await.map_err(Failure::because)?;
    if options.json {
        let text = serde_json::to_string_pretty(&preview).map_err(Failure::because)?;
        return Ok(output::print(text)?);
    }
    Ok(print(&preview)?)
}

fn print(preview: &PolicyPreview) -> Result<(), OutputError> {
    print_caller("guests", &preview.guest)?;
    for users in &preview.users {
        print_caller(&format!("{} with {}", number(users.users), roles(users)), &users.changes)?;
    }
    for (users, what) in [
        (preview.more_users, "others would be affected, too"),
        (preview.not_compared_users, "were not compared"),
        (preview.unaffected_users, "would not be affected"),
    ] {
        if users > 0 {
            output::print(format_args!("{} {what}", number(users)))?;
        }
    }
    preview.warnings.iter().try_for_each(output::print)?;
    preview.missing.iter().try_for_each(output::print)
}

fn number(users: i64) -> String {
    if users == 1 { "1 user".to_owned() } else { format!("{users} users") }
}

fn roles(users: &UsersChanges) -> String {
    let named = |roles: &[String]| {
        if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") }
    };
    let after = named(&users.roles);
    if users.roles == users.roles_before {
        return after;
    }
    format!("{after} instead of {}", named(&users.roles_before))
}

fn print_caller(who: &str, changes: &CallerChanges) -> Result<(), OutputError> {
    output::print(who)?;
    if changes.gained.is_empty() && changes.lost.is_empty() {
        output::print("  no verdict changes")?;
    }
    for (sign, verdicts) in [('+', &changes.gained), ('-', &changes.lost)] {
        for verdict in verdicts {
            print_verdict(sign, verdict)?;
        }
    }
    if !changes.complete {
        output::print("  … and more")?;
    }
    changes.films.iter().try_for_each(print_films)
}

fn print_verdict(sign: char, verdict: &ChangedVerdict) -> Result<(), OutputError> {
    let rule = |rule: &Option<RuleInForce>| match rule {
        Some(RuleInForce { priority, role, resource, action, effect, .. }) => {
            format!("{priority}, {role}, {resource}, {action}, {effect}")
        }
        None => "no rule".to_owned(),
    };
    output::print(format_args!("  {sign} {} {}", verdict.action, verdict.resource))?;
    let (after, before) = (rule(&verdict.rule), rule(&verdict.rule_before));
    output::print(format_args!("      {after} (before: {before})"))
}

fn print_films(films: &FilmChanges) -> Result<(), OutputError> {
    let FilmChanges { before, after, gained, lost, gained_samples, lost_samples } = films;
    output::print(format_args!("  films: {before} → {after}"))?;
    for (sign, number, samples) in [('+', gained, gained_samples), ('-', lost, lost_samples)] {
        if *number > 0 {
            let named = samples.iter().map(|film| film.id.as_str());
            let named = named.collect::<Vec<_>>().join(", ");
            output::print(format_args!("  {sign} {number} films, such as {named}"))?;
        }
    }
    Ok(())
}
