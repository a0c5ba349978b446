//! `auth-server rules check`: whether a rules file could be imported, and what in it is probably a mistake.

use std::path::Path;

use policies::Label;
use serde_json::json;
use service::output;

use super::{label_rules, of_file};
use crate::cli::Failure;
use crate::policy::warning::PolicyWarning;

pub(super) fn check(file: &Path, labels: Option<&Path>, json: bool) -> Result<(), Failure> {
    let labels = label_rules(labels)?;
    let policy = of_file(file, &labels)?;
    let names: Vec<Label> = labels.iter().map(|rule| rule.name.clone()).collect();
    let warnings = policy.lint(&names);
    let warnings: Vec<PolicyWarning> =
        warnings.iter().map(|warning| PolicyWarning::of(&policy, &names, warning)).collect();
    let rules = policy.rules().filter(|rule| !rule.is_builtin()).count();
    if json {
        return Ok(output::print_json(&json!({ "rules": rules, "warnings": warnings }))?);
    }
    warnings.iter().try_for_each(output::print)?;
    output::print(format_args!("{}: valid, {rules} rules", file.display()))?;
    Ok(())
}
