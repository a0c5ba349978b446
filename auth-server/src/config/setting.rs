//! One setting: its two names, its default, what it is for.

/// How the text of a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    Text,
    /// As a number.
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
    /// Value where nothing is set; an empty one stands for "none".
    pub default: &'static str,
    /// What it is for, its unit included.
    pub about: &'static str,
    /// How its text is read.
    pub kind: Kind,
}

/// A setting whose value is text.
pub(crate) const fn text(
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default, about, kind: Kind::Text }
}

/// A setting whose value is a number.
pub(crate) const fn number(
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default, about, kind: Kind::Number }
}

/// A setting whose value is nobody's business. It has no default.
pub(crate) const fn secret(
    variable: &'static str,
    key: &'static str,
    about: &'static str,
) -> Setting {
    Setting { variable, key, default: "", about, kind: Kind::Secret }
}
