//! Roles and rules as text, the way casbin writes a policy.
//!
//! One item a line; an export holds all three kinds, so that it can be imported again whole:
//!
//! - `p, priority, role, resource, action, effect`: a rule, `allow` or `deny`;
//! - `g, role, inherited`: the first role inherits the second;
//! - `role, name`: a role that no other line needs to speak of. Every role that stands in a `p` or
//!   `g` line is there without it, and so are the built-in ones.
//!
//! White space around fields counts for nothing. A field with a comma, a quote, ` #` or white space
//! at an end stands in double quotes, with a quote inside written twice. `#` begins a comment: at
//! the begin of a line, or after white space outside quotes. Rules keep no ids.

mod fields;

use std::collections::HashMap;

use crate::change::{Change, PolicyError};
use crate::names::RoleName;
use crate::pattern::{ActionPattern, ResourcePattern};
use crate::rule::{Effect, Rule};

use self::fields::{quoted, split};

/// The rules that ship with the server.
pub const SHIPPED_RULES: &str = include_str!("../rules.csv");

/// Roles and rules of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Every role but the built-in ones, once each, with what it inherits directly.
    pub roles: Vec<(RoleName, Vec<RoleName>)>,
    /// The rules, in the order of the text.
    pub rules: Vec<RuleRow>,
}

/// A rule that has no id yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleRow {
    /// As in [`Rule::priority`].
    pub priority: u32,
    /// As in [`Rule::role`].
    pub role: RoleName,
    /// As in [`Rule::resource`].
    pub resource: ResourcePattern,
    /// As in [`Rule::action`].
    pub action: ActionPattern,
    /// As in [`Rule::effect`].
    pub effect: Effect,
}

/// A line that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct CsvError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: LineError,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Neither of the three kinds, or not as many fields as its kind has.
    #[error(
        "write `p, priority, role, resource, action, effect`, `g, role, inherited` or `role, name`"
    )]
    Shape,
    /// A quoted field that does not end, or goes on after its end.
    #[error("a quoted field ends with a quote and a comma; a quote inside is written twice")]
    Quotes,
    /// A priority that is not a number.
    #[error("priority {0:?} is not a number between 1 and 2147483647")]
    Priority(String),
    /// Another effect; casbin would take it for neither.
    #[error("effect {0:?} is neither `allow` nor `deny`")]
    Effect(String),
    /// A rule or link that no policy can have, or a name that can't be.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl RuleRow {
    /// The rule, under this id.
    #[must_use]
    pub fn with_id(self, id: u32) -> Rule {
        let Self { priority, role, resource, action, effect } = self;
        Rule { id, priority, role, resource, action, effect }
    }
}

impl From<&Rule> for RuleRow {
    fn from(rule: &Rule) -> Self {
        let Rule { id: _, priority, role, resource, action, effect } = rule.clone();
        Self { priority, role, resource, action, effect }
    }
}

impl Document {
    /// The changes that make this policy of an empty one; rules are numbered from 1.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let rules = (1..).zip(self.rules.iter().cloned());
        let rules = rules.map(|(id, row)| Change::RuleSet(row.with_id(id)));
        let declare = |(name, inherits)| Change::RoleSet { name, inherits };
        self.roles.iter().cloned().map(declare).chain(rules).collect()
    }
}

/// Reads roles and rules. What holds for a policy as a whole (cycles, sizes) is checked by
/// [`Snapshot::next`](crate::Snapshot::next).
///
/// # Errors
/// The first line that can't be read.
pub fn read(text: &str) -> Result<Document, CsvError> {
    let mut reader = Reader::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, text) in (1..).zip(text.lines()) {
        reader.line(text).map_err(|why| CsvError { line, why })?;
    }
    Ok(reader.document)
}

#[derive(Default)]
struct Reader {
    document: Document,
    /// Where a role stands in the document.
    places: HashMap<RoleName, usize>,
}

impl Reader {
    fn line(&mut self, text: &str) -> Result<(), LineError> {
        let fields = split(text).ok_or(LineError::Quotes)?;
        let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
        match fields.as_slice() {
            [] => Ok(()),
            ["p", priority, role, resource, action, effect] => {
                self.rule(rule(priority, role, resource, action, effect)?)
            }
            ["g", role, inherited] => self.link(&parse_role(role)?, parse_role(inherited)?),
            ["role", name] => {
                self.role(&parse_role(name)?);
                Ok(())
            }
            _ => Err(LineError::Shape),
        }
    }

    fn rule(&mut self, row: RuleRow) -> Result<(), LineError> {
        row.clone().with_id(1).check()?;
        self.role(&row.role);
        self.document.rules.push(row);
        Ok(())
    }

    fn link(&mut self, role: &RoleName, inherited: RoleName) -> Result<(), LineError> {
        if inherited == RoleName::superuser() {
            return Err(PolicyError::InheritsSuperuser(role.clone()).into());
        }
        self.role(&inherited);
        let Some(inherits) = self.role(role) else {
            return Err(PolicyError::BuiltinImmutable(role.to_string()).into());
        };
        if !inherits.contains(&inherited) {
            inherits.push(inherited);
        }
        Ok(())
    }

    /// Notes that a role is there, and gives what it inherits; none for a built-in one.
    fn role(&mut self, name: &RoleName) -> Option<&mut Vec<RoleName>> {
        if name.is_builtin() {
            return None;
        }
        let roles = &mut self.document.roles;
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            roles.push((name.clone(), Vec::new()));
            roles.len() - 1
        });
        roles.get_mut(place).map(|(_, inherits)| inherits)
    }
}

fn parse_role(name: &str) -> Result<RoleName, PolicyError> {
    Ok(RoleName::parse(name)?)
}

fn rule(
    priority: &str,
    role: &str,
    resource: &str,
    action: &str,
    effect: &str,
) -> Result<RuleRow, LineError> {
    Ok(RuleRow {
        priority: priority.parse().map_err(|_| LineError::Priority(priority.into()))?,
        role: parse_role(role)?,
        resource: ResourcePattern::parse(resource).map_err(PolicyError::from)?,
        action: ActionPattern::parse(action).map_err(PolicyError::from)?,
        effect: match effect {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            other => return Err(LineError::Effect(other.into())),
        },
    })
}

/// Writes roles and rules so that [`read`] gives them back.
#[must_use]
pub fn write(document: &Document) -> String {
    let mut text = String::new();
    let mut line = |fields: &[&str]| {
        let fields: Vec<_> = fields.iter().copied().map(quoted).collect();
        text.push_str(&fields.join(", "));
        text.push('\n');
    };
    for (role, _) in &document.roles {
        line(&["role", role.as_str()]);
    }
    for (role, inherits) in &document.roles {
        for inherited in inherits {
            line(&["g", role.as_str(), inherited.as_str()]);
        }
    }
    for row in &document.rules {
        let (priority, resource) = (row.priority.to_string(), row.resource.to_string());
        let (role, effect) = (row.role.as_str(), row.effect.as_str());
        line(&["p", &priority, role, &resource, &row.action.to_string(), effect]);
    }
    text
}
