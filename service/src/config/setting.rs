//! One setting: its two names, its default, its purpose.

/// How the text of a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands, digits included.
    Text,
    /// As a whole number.
    Number,
    /// As it stands, or from the file that `<variable>_FILE` names; never shown.
    Secret,
}

/// A setting, from the environment or the TOML file.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name of the environment variable.
    pub variable: &'static str,
    /// Path in the TOML file, `table.key`.
    pub key: &'static str,
    /// Value if nothing is set; an empty one stands for "none".
    pub default: &'static str,
    /// Purpose, unit and limits, for `--help`.
    pub about: &'static str,
    /// How its text is read.
    pub kind: Kind,
}

impl Setting {
    /// The same setting with a default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// True if `variable` sets this setting, `_FILE` included.
    pub(super) fn is_set_by(&self, variable: &str) -> bool {
        let stem = match self.kind {
            Kind::Secret => variable.strip_suffix("_FILE").unwrap_or(variable),
            Kind::Text | Kind::Number => variable,
        };
        stem == self.variable
    }
}

/// A setting whose value is text.
#[must_use]
pub const fn text(
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default, about, kind: Kind::Text }
}

/// A setting whose value is a whole number.
#[must_use]
pub const fn number(
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default, about, kind: Kind::Number }
}

/// A setting whose value may contain a password or is one. It has no default unless [`Setting::or`]
/// gives it one.
#[must_use]
pub const fn secret(variable: &'static str, key: &'static str, about: &'static str) -> Setting {
    Setting { variable, key, default: "", about, kind: Kind::Secret }
}
