//! Roles and rules as text, in casbin's CSV format.
//!
//! One item per line. An export contains all three kinds, so it can be imported again completely:
//!
//! - `p, priority, role, resource, action, effect`: a rule, `allow` or `deny`;
//! - `g, role, inherited`: the first role inherits the second;
//! - `role, name`: defines a role. Needed only for a role that occurs in no `p` or `g` line; built-in
//!   roles always exist.
//!
//! White space around fields is ignored. A field is enclosed in double quotes if it contains a comma, a
//! quote or ` #`, or starts or ends with white space; a quote inside is doubled. `#` starts a comment at
//! the start of a line, or after white space outside quotes. The comment after a rule is its description, and
//! that after `role, name` the role's; other comments mean nothing. Rule ids are not part of the format.

mod fields;

use std::collections::HashMap;

use crate::description::{Description, DescriptionError};
use crate::error::PolicyError;
use crate::names::RoleName;
use crate::pattern::{ActionPattern, ResourcePattern};
use crate::policy::Change;
use crate::roles::RoleDefinition;
use crate::rule::{Effect, MAX_PRIORITY, Rule};

use self::fields::{Line, quoted, split};

/// The rules shipped with the server.
pub const SHIPPED_RULES: &str = include_str!("../rules.csv");

/// The roles and rules of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// All roles except the built-in ones, each once.
    pub roles: Vec<RoleDefinition>,
    /// The rules in the order of the text.
    pub rules: Vec<RuleRow>,
}

/// A rule without an id.
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
    /// As in [`Rule::description`].
    pub description: Description,
}

/// An invalid line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct CsvError {
    /// Number of the line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: LineError,
}

/// What is wrong with a line of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line is of none of the three kinds, or has the wrong number of fields.
    #[error(
        "expected `p, priority, role, resource, action, effect`, `g, role, inherited` or `role, name`"
    )]
    Shape,
    /// A quoted field is not terminated, or its closing quote is not followed by a comma.
    #[error(
        "unterminated quoted field, or text after its closing quote; double a quote inside a field"
    )]
    Quotes,
    /// The priority is not a number.
    #[error("the priority {0:?} is not a number between 1 and {MAX_PRIORITY}")]
    Priority(String),
    /// The effect is neither `allow` nor `deny`; casbin would ignore the rule.
    #[error("the effect {0:?} is neither `allow` nor `deny`")]
    Effect(String),
    /// The comment after a rule or role is too long for a description.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A name is invalid, or no policy may contain this rule or inheritance.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl RuleRow {
    /// The rule with this id.
    #[must_use]
    pub fn with_id(self, id: u32) -> Rule {
        let Self { priority, role, resource, action, effect, description } = self;
        Rule { id, priority, role, resource, action, effect, description }
    }

    /// The same rule without a description: what decisions depend on.
    #[must_use]
    pub fn undescribed(self) -> Self {
        Self { description: Description::default(), ..self }
    }
}

impl From<&Rule> for RuleRow {
    fn from(rule: &Rule) -> Self {
        let Rule { id: _, priority, role, resource, action, effect, description } = rule.clone();
        Self { priority, role, resource, action, effect, description }
    }
}

impl Document {
    /// The changes that turn an empty policy into this one. Rules are numbered from 1.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let rules = (1..).zip(self.rules.iter().cloned());
        let rules = rules.map(|(id, row)| Change::RuleSet(row.with_id(id)));
        let define =
            |role: RoleDefinition| Change::RoleSet { name: role.name, inherits: role.inherits };
        self.roles.iter().cloned().map(define).chain(rules).collect()
    }
}

/// Parses roles and rules. The policy as a whole (cycles, limits) is validated by
/// [`Snapshot::next`](crate::Snapshot::next).
///
/// # Errors
/// [`CsvError`] with the first invalid line.
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
    /// Index of each role in the document.
    indexes: HashMap<RoleName, usize>,
}

impl Reader {
    fn line(&mut self, text: &str) -> Result<(), LineError> {
        let Line { fields, comment } = split(text).ok_or(LineError::Quotes)?;
        let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
        match fields.as_slice() {
            [] => Ok(()),
            ["p", priority, role, resource, action, effect] => {
                let row = rule(priority, role, resource, action, effect)?;
                self.rule(RuleRow { description: Description::parse(comment)?, ..row })
            }
            ["g", role, inherited] => self.link(&parse_role(role)?, parse_role(inherited)?),
            ["role", name] => {
                if let Some(role) = self.role(&parse_role(name)?) {
                    role.description = Description::parse(comment)?;
                }
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
        let Some(role) = self.role(role) else {
            return Err(PolicyError::BuiltinRole(role.clone()).into());
        };
        if !role.inherits.contains(&inherited) {
            role.inherits.push(inherited);
        }
        Ok(())
    }

    /// The role, which is added unless it exists; `None` if it is built in.
    fn role(&mut self, name: &RoleName) -> Option<&mut RoleDefinition> {
        if name.is_builtin() {
            return None;
        }
        let roles = &mut self.document.roles;
        let index = *self.indexes.entry(name.clone()).or_insert_with(|| {
            roles.push(RoleDefinition {
                name: name.clone(),
                inherits: Vec::new(),
                description: Description::default(),
            });
            roles.len() - 1
        });
        roles.get_mut(index)
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
        description: Description::default(),
    })
}

/// Formats roles and rules for [`read`].
#[must_use]
pub fn write(document: &Document) -> String {
    let mut text = String::new();
    let none = Description::default();
    let mut line = |fields: &[&str], description: &Description| {
        let fields: Vec<_> = fields.iter().copied().map(quoted).collect();
        text.push_str(&fields.join(", "));
        if !description.is_empty() {
            text.push_str("  # ");
            text.push_str(description.as_str());
        }
        text.push('\n');
    };
    for role in &document.roles {
        line(&["role", role.name.as_str()], &role.description);
    }
    for role in &document.roles {
        for inherited in &role.inherits {
            line(&["g", role.name.as_str(), inherited.as_str()], &none);
        }
    }
    for row in &document.rules {
        let (priority, resource) = (row.priority.to_string(), row.resource.to_string());
        let (role, effect) = (row.role.as_str(), row.effect.as_str());
        let fields = ["p", &priority, role, &resource, &row.action.to_string(), effect];
        line(&fields, &row.description);
    }
    text
}
