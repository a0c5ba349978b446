//! `etl-labeler rules`: checks label rules, and tests them with films whose labels are known.

mod cases;
mod trial;

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use service::{exit::Exit, output};
use tokio_util::sync::CancellationToken;

pub use self::cases::CaseError;
use self::{
    cases::{Cases, Labels},
    trial::Trial,
};
use crate::{LabelerError, elastic::Elastic, plan::Plan};

/// Says that rules are valid; with an index, also that it maps every field as they mean it.
///
/// # Errors
/// [`LabelerError::RuleField`] or [`LabelerError::RuleQuery`] for the first invalid rule.
pub async fn check(
    rules: &LabelRules,
    index: Option<&Elastic>,
    now: DateTime<Utc>,
) -> Result<Exit, LabelerError> {
    let count = rules.iter().count();
    match index {
        Some(elastic) => {
            elastic.check(&Plan::new(rules, now)).await?;
            output::print(format_args!(
                "{count} label rules are valid for the index `{}`",
                elastic.index
            ))?;
        }
        None => output::print(format_args!("{count} label rules are valid"))?,
    }
    Ok(Exit::Success)
}

/// Labels the films of a file in an index of their own, which maps them as the index of films does, and prints
/// those whose labels differ from the expected ones.
///
/// # Errors
/// [`LabelerError`]. The index is deleted in any case, also if `stop` ends the test.
pub async fn test(
    elastic: &Elastic,
    rules: &LabelRules,
    path: &Path,
    now: DateTime<Utc>,
    stop: &CancellationToken,
) -> Result<Exit, LabelerError> {
    let unreadable = |source| LabelerError::File { path: path.to_owned(), source };
    let cases = Cases::parse(&fs::read_to_string(path).map_err(unreadable)?)?;
    let at = cases.at.unwrap_or(now);
    Trial::delete_left_behind(elastic, now).await?;
    let trial = Trial::create(elastic, rules).await?;
    let labelled = stop.run_until_cancelled(trial.label(rules, &cases, at)).await;
    let labelled = labelled.unwrap_or(Err(LabelerError::Interrupted));
    trial.delete().await?;
    let labelled = labelled?;
    let mut failures = 0;
    for (case, actual) in cases.list.iter().zip(&labelled) {
        if *actual != case.labels {
            failures += 1;
            output::print(format_args!("{}:{}: {}", path.display(), case.line, case.name))?;
            let (expected, actual) = (text(&case.labels), text(actual));
            output::print(format_args!("    expected {expected}\n    actual   {actual}"))?;
        }
    }
    output::print(format_args!(
        "{} of {} cases passed",
        labelled.len() - failures,
        labelled.len()
    ))?;
    Ok(if failures == 0 { Exit::Success } else { Exit::Failure })
}

fn text(labels: &Labels) -> String {
    labels.as_ref().map_or_else(|| "unlabelled".to_owned(), |labels| format!("{labels:?}"))
}
