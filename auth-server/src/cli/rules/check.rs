//! `auth-server rules check`: whether a rules file could be imported, and what in it is probably a mistake.

use std::path::Path;

use policies::{Label, Snapshot, Warning, lint};
use service::output;
use service::similar::closest;

use super::{label_rules, of_file, row};
use crate::cli::Failure;

pub(super) fn check(file: &Path, labels: Option<&Path>) -> Result<(), Failure> {
    let labels = label_rules(labels)?;
    let policy = of_file(file, &labels)?;
    let names: Vec<Label> = labels.iter().map(|rule| rule.name.clone()).collect();
    for warning in policy.lint(&names) {
        output::print(described(&policy, &names, &warning))?;
    }
    let rules = policy.rules().filter(|rule| !rule.is_builtin()).count();
    output::print(format_args!("{}: valid, {rules} rules", file.display()))?;
    Ok(())
}

/// The warning, with the rules that it is about and the name that was probably meant.
fn described(policy: &Snapshot, labels: &[Label], warning: &Warning) -> String {
    let row = |id| policy.rule(id).map(|rule| row(rule)).unwrap_or_default();
    let rule = warning.rule().map(|rule| format!("`{}`: ", row(rule))).unwrap_or_default();
    let cause = warning.cause().map(|cause| format!(": `{}`", row(cause))).unwrap_or_default();
    let closest = match warning {
        Warning::UnknownLabel { label, .. } => closest(label, labels.iter().map(Label::as_str)),
        Warning::UnknownAction { action, .. } => closest(action, lint::KNOWN_ACTIONS),
        _ => None,
    };
    let closest = closest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("warning: {rule}{warning}{cause}{closest}")
}
