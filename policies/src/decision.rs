//! One decision, with its reason.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::change::PolicyError;
use crate::facts::{Facts, Kind};
use crate::names::{Resource, UNLABELLED};
use crate::rule::Verdict;
use crate::snapshot::{Asker, RoleSet, Snapshot};

/// Why an answer is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A rule allows the resource, and every label that counts is allowed too.
    Allowed,
    /// A rule that names the resource itself allows it, before a rule that denies a label of it.
    AllowedByName,
    /// A rule denies the resource.
    DeniedByRule,
    /// No rule speaks of the resource, which denies.
    NoRule,
    /// A label of the resource is denied.
    LabelDenied,
    /// The resource has not been labelled yet, and what is unlabelled is denied.
    Unlabelled,
    /// Neither labels nor `access` were sent, so the film counts as unlabelled, which is denied.
    LabelsMissing,
}

impl Code {
    /// The code as clients see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedByName => "allowed_by_name",
            Self::DeniedByRule => "denied_by_rule",
            Self::NoRule => "no_rule",
            Self::LabelDenied => "label_denied",
            Self::Unlabelled => "unlabelled",
            Self::LabelsMissing => "labels_missing",
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// Why.
    pub code: Code,
    /// The label that is denied, with [`Code::LabelDenied`].
    pub label: Option<String>,
    /// Id of the rule that decided; none where nothing matched.
    pub rule: Option<u32>,
    /// When a label begins or stops to count, and the answer may turn.
    pub valid_until: Option<DateTime<Utc>>,
}

impl Snapshot {
    /// May a caller with these roles send a request of this HTTP method to this path?
    ///
    /// # Errors
    /// Casbin fails. Refuse then.
    pub fn allows_route(
        &self,
        roles: &RoleSet,
        method: &str,
        path: &str,
    ) -> Result<bool, PolicyError> {
        Ok(self.asker(roles, method).verdict(&format!("route:{path}"))?.allows())
    }

    /// May a caller with these roles do `action` to `resource`, of which `facts` are known?
    ///
    /// # Errors
    /// Casbin fails. Deny then.
    pub fn decide(
        &self,
        roles: &RoleSet,
        action: &str,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<Decision, PolicyError> {
        let asker = self.asker(roles, action);
        let own = asker.verdict(resource.as_str())?;
        let valid_until = facts.next_edge;
        if !own.allows() {
            let code = if own == Verdict::NONE { Code::NoRule } else { Code::DeniedByRule };
            return Ok(Decision {
                allowed: false,
                code,
                label: None,
                rule: own.rule(),
                valid_until,
            });
        }
        let Some((denied, label)) = denied_label(&asker, resource, facts)? else {
            let rule = own.rule();
            return Ok(Decision {
                allowed: true,
                code: Code::Allowed,
                label: None,
                rule,
                valid_until,
            });
        };
        let by_name = asker.by_name(resource.as_str(), own)?;
        if by_name.allows() && by_name < denied {
            let (code, rule) = (Code::AllowedByName, by_name.rule());
            return Ok(Decision { allowed: true, code, label: None, rule, valid_until });
        }
        let (code, label) = match &facts.kind {
            Kind::Labelled(_) => (Code::LabelDenied, Some(label.to_owned())),
            Kind::Unlabelled => (Code::Unlabelled, None),
            Kind::Missing => (Code::LabelsMissing, None),
        };
        Ok(Decision { allowed: false, code, label, rule: denied.rule(), valid_until })
    }
}

/// The label that is denied earliest in rule order, so that the reason does not hang on the order
/// in which labels were sent; and whatever overrides it overrides the others.
fn denied_label<'f>(
    asker: &Asker,
    resource: &Resource,
    facts: &'f Facts,
) -> Result<Option<(Verdict, &'f str)>, PolicyError> {
    let mut first: Option<(Verdict, &str)> = None;
    let mut name = String::with_capacity(80);
    let mut look = |label: &'f str| -> Result<(), PolicyError> {
        name.clear();
        name.push_str("label:");
        name.push_str(label);
        let verdict = asker.verdict(&name)?;
        if !verdict.allows() && first.is_none_or(|earliest| (verdict, label) < earliest) {
            first = Some((verdict, label));
        }
        Ok(())
    };
    match &facts.kind {
        Kind::Labelled(labels) => labels.iter().try_for_each(|label| look(label))?,
        Kind::Unlabelled => look(UNLABELLED)?,
        // Only films are labelled by the labeler; of anything else the caller would have said so.
        Kind::Missing if resource.is_film() => look(UNLABELLED)?,
        Kind::Missing => {}
    }
    Ok(first)
}
