//! What a command is about to change: shown as lines of a rules file, and asked about.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{IsTerminal, stdin};

use clap::Args;
use serde::Serialize;
use serde_json::json;
use service::output::{self, OutputError};

use crate::cli::Failure;

/// Options of every command that replaces rules.
#[derive(Args, Clone, Copy)]
pub(crate) struct Consent {
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; required if standard input is not a terminal
    #[arg(long)]
    yes: bool,
    /// Print JSON: the lines of the `changes`, and what was `made` of them, if anything
    #[arg(long)]
    json: bool,
}

impl Consent {
    /// Shows the changes, and asks whether to make them. False if they are not to be made.
    pub(super) fn given_to(self, changes: &[String]) -> Result<bool, Failure> {
        let is_wanted = !changes.is_empty() && !self.dry_run;
        if !self.json {
            changes.iter().try_for_each(output::print)?;
        }
        if changes.is_empty() && !self.json {
            output::print("the policy has these roles and rules already")?;
        }
        if is_wanted {
            self.ask(changes.len())?;
        } else if self.json {
            output::print_json(&json!({ "changes": changes, "made": null }))?;
        }
        Ok(is_wanted)
    }

    /// Says what was made of the changes: `line`, or `made` as JSON.
    pub(super) fn report(
        self,
        changes: &[String],
        made: &impl Serialize,
        line: impl Display,
    ) -> Result<(), OutputError> {
        if self.json {
            return output::print_json(&json!({ "changes": changes, "made": made }));
        }
        output::print(line)
    }

    fn ask(self, changes: usize) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !stdin().is_terminal() {
            return Err(Failure::because(
                "nothing was changed: standard input is not a terminal; pass --yes so that you are not asked",
            ));
        }
        output::report(format_args!("Make these {changes} changes? [y/N]"));
        let mut answer = String::new();
        stdin().read_line(&mut answer).map_err(Failure::because)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Failure::because("nothing was changed"))
    }
}

/// The lines that are removed from a text (`-`) and added to it (`+`).
pub(super) fn between(before: &str, after: &str) -> Vec<String> {
    let (old, new): (HashSet<&str>, HashSet<&str>) =
        (before.lines().collect(), after.lines().collect());
    let removed = before.lines().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let added = after.lines().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    removed.chain(added).collect()
}
