//! The settings of one program, and what is derived from them.

use super::{Kind, Setting};
use crate::similar;

/// A variable that earlier versions read. It stops the start and names its replacement.
#[derive(Clone, Copy, Debug)]
pub struct Removed {
    /// The variable as it was.
    pub variable: &'static str,
    /// What to set instead.
    pub replacement: &'static str,
}

/// The settings of one program.
#[derive(Clone, Copy, Debug)]
pub struct SettingsTable {
    /// Name of the program.
    pub program: &'static str,
    /// Variables with this prefix belong to the program: an unknown one stops the start, unless Kubernetes
    /// or Docker inject such variables.
    pub prefix: &'static str,
    /// The variable that names the optional TOML file.
    pub file_variable: &'static str,
    /// The settings, one group per table of the TOML file.
    pub groups: &'static [&'static [Setting]],
    /// Variables with the prefix that belong to other programs in the same environment.
    pub foreign: &'static [&'static str],
    /// Variables of earlier versions.
    pub removed: &'static [Removed],
}

impl SettingsTable {
    /// Every setting.
    pub fn settings(&self) -> impl Iterator<Item = &'static Setting> + use<> {
        self.groups.iter().copied().flatten()
    }

    /// The text for `--help`.
    #[must_use]
    pub fn help(&self) -> String {
        let width = self.settings().map(|setting| setting.variable.len()).max().unwrap_or(0) + 2;
        let rows = self.settings().map(|Setting { variable, default, about, kind, .. }| {
            let file = match kind {
                Kind::Secret => format!(" [also {variable}_FILE]"),
                Kind::Text | Kind::Number => String::new(),
            };
            let default =
                if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
            format!("  {variable:<width$}{about}{default}{file}\n")
        });
        format!(
            "Settings, from the environment or the TOML file (README):\n{}",
            rows.collect::<String>()
        )
    }

    /// What the table of settings in a README lacks: a row `| `VARIABLE` | `key` | `default` | …` for
    /// every setting, and no row for anything else that looks like a setting.
    #[must_use]
    pub fn differences_to_readme(&self, readme: &str) -> Vec<String> {
        let missing =
            self.settings().filter(|setting| !readme.lines().any(|line| is_row(setting, line)));
        let missing = missing.map(|setting| {
            let Setting { variable, key, default, .. } = setting;
            format!("missing: | `{variable}` | `{key}` | `{default}` | …")
        });
        let documented =
            readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let unknown = documented.filter(|name| {
            name.starts_with(self.prefix)
                && *name != self.file_variable
                && !self.settings().any(|setting| setting.is_set_by(name))
        });
        missing.chain(unknown.map(|name| format!("not a setting: {name}"))).collect()
    }

    /// A setting without the prefix that `name` almost names.
    pub(super) fn near_miss(&self, name: &str) -> Option<&'static str> {
        let stem = name.strip_suffix("_FILE").unwrap_or(name);
        let mut shared =
            self.settings().filter(|setting| !setting.variable.starts_with(self.prefix));
        let missed = |setting: &&Setting| similar::is_near_miss(stem, setting.variable);
        shared.find(missed).map(|setting| setting.variable)
    }

    /// The setting whose variable is most similar to `name`.
    pub(super) fn closest(&self, name: &str) -> Option<&'static str> {
        similar::closest(name, self.settings().map(|setting| setting.variable))
    }
}

/// True for the row of a README that documents the setting.
fn is_row(setting: &Setting, line: &str) -> bool {
    let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
    let expected = [setting.variable, setting.key, setting.default];
    expected.into_iter().all(|expected| cells.next() == Some(expected))
}
