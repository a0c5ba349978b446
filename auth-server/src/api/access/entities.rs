//! Subjects, actions and resources: as requests have them, and what they mean to the policy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use policies::{Action, Facts, Label, Resource, Snapshot};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::body::invalid;
use super::properties::{ACCESS, Properties, deserialize, scalar, stated_roles, strings};
use crate::http::problem::Problem;
use crate::user::subject::NamedSubject;

/// Circumstances of a request. The policy does not depend on any.
pub(super) type Context = BTreeMap<String, Value>;

/// Maximum length of a type or an id, in bytes.
const MAX_NAME_BYTES: usize = 4_096;
/// Maximum number of labels of one resource, as in `/check`'s batches of the same size.
const MAX_LABELS: usize = 1_000;

/// Whom a decision is about.
#[derive(Clone, Deserialize, Object)]
#[oai(rename = "AccessSubject")]
pub(super) struct SubjectBody {
    /// `user` for accounts.
    #[serde(rename = "type", deserialize_with = "name")]
    #[oai(rename = "type")]
    pub(super) kind: String,
    /// Login or user id. An id that names no account has only the roles in `properties`.
    #[serde(deserialize_with = "name")]
    id: String,
    /// `role`, a name, and `roles`, a list of names: the roles of a subject that has no account here. The
    /// role `superuser` is refused.
    #[serde(default, deserialize_with = "deserialize")]
    properties: Option<Properties>,
}

/// What the subject does.
#[derive(Clone, Deserialize, Object)]
#[oai(rename = "AccessAction")]
pub(super) struct ActionBody {
    /// Action: `read`, …; at most 128 bytes.
    #[serde(deserialize_with = "crate::api::check::action::deserialize")]
    name: String,
    /// Each scalar qualifies the name: rules on `delete` apply to `delete` with any properties, rules on
    /// `delete?soft=true` only with that one.
    #[serde(default, deserialize_with = "deserialize")]
    properties: Option<Properties>,
}

/// What the subject acts on.
#[derive(Clone, Deserialize, Object)]
#[oai(rename = "AccessResource")]
pub(super) struct ResourceBody {
    /// Resource type: `film`, …
    #[serde(rename = "type", deserialize_with = "name")]
    #[oai(rename = "type")]
    kind: String,
    /// Resource id.
    #[serde(deserialize_with = "name")]
    id: String,
    /// `labels`, a list, or `access`, as in `/api/v1/check`; a film with neither is unlabelled. Each other
    /// scalar is the label `name=value`.
    #[serde(default, deserialize_with = "deserialize")]
    properties: Option<Properties>,
}

/// The type of what a search looks for. An `id` is ignored.
#[derive(Clone, Deserialize, Object)]
#[oai(rename = "AccessType")]
pub(super) struct TypeBody {
    /// Type of the results.
    #[serde(rename = "type", deserialize_with = "name")]
    #[oai(rename = "type")]
    pub(super) kind: String,
    /// As of the resources that a decision is about; other subjects than accounts are not found.
    #[serde(default, deserialize_with = "deserialize")]
    pub(super) properties: Option<Properties>,
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.len() <= MAX_NAME_BYTES {
        return Ok(name);
    }
    Err(D::Error::custom(format_args!("at most {MAX_NAME_BYTES} bytes")))
}

impl SubjectBody {
    /// The subject that is named.
    pub(super) fn parse(self) -> Result<NamedSubject, Problem> {
        let roles = stated_roles(&self.properties.unwrap_or_default())?;
        Ok(NamedSubject { kind: self.kind, id: self.id, roles })
    }
}

impl ActionBody {
    /// The action with its properties.
    pub(super) fn parse(&self) -> Action<'static> {
        let properties = self.properties.iter().flatten();
        let action =
            properties.fold(Action::new(&self.name), |action, (name, value)| match scalar(value) {
                Some(value) => action.qualified(name, &value),
                None => action,
            });
        action.into_owned()
    }
}

impl ResourceBody {
    /// The resource with its labels.
    pub(super) fn parse(self) -> Result<LabelledResource, Problem> {
        let labels = Labels::of(&self.kind, self.properties.unwrap_or_default())?;
        Ok(LabelledResource { resource: Resource::new(&self.kind, Some(&self.id)), labels })
    }
}

/// A resource, and what its properties say about its labels.
pub(super) struct LabelledResource {
    pub(super) resource: Resource,
    pub(super) labels: Labels,
}

impl LabelledResource {
    /// Whether searches know the resource: it is a film, or rules name it or a prefix of it.
    pub(super) fn is_known(&self, policy: &Snapshot) -> bool {
        self.resource.is_film() || policy.is_named(&self.resource)
    }
}

/// The labels of a resource.
pub(super) struct Labels {
    /// Whether the resource is a film, which has the label `unlabelled` unless it is labelled.
    is_film: bool,
    /// Labels that properties state.
    stated: Vec<String>,
    /// Whether `labels` is among these properties.
    is_labelled: bool,
    /// The `access` value of a document.
    access: Option<Value>,
    /// The first one that is not a valid label.
    invalid: Option<String>,
}

impl Labels {
    /// The labels in the properties of a resource of this type.
    ///
    /// # Errors
    /// `labels` is not a list of strings or is sent together with `access`, or there are too many labels.
    pub(super) fn of(kind: &str, properties: Properties) -> Result<Self, Problem> {
        let is_film = kind == "film";
        let (mut stated, mut is_labelled, mut access) = (Vec::new(), false, None);
        for (name, value) in properties {
            match (&*name, scalar(&value)) {
                ("labels", Some(_)) if value.is_null() => {}
                ("labels", _) => {
                    let list = strings(&value).ok_or_else(|| {
                        invalid("resource.properties.labels", "Send a list of labels.")
                    })?;
                    stated.extend(list.into_iter().map(ToOwned::to_owned));
                    is_labelled = true;
                }
                (ACCESS, None) => access = Some(value),
                (ACCESS, Some(_)) if is_film || value.is_null() => access = Some(value),
                (_, Some(text)) => stated.push(format!("{name}={text}")),
                (_, None) => {}
            }
        }
        if is_labelled && access.is_some() {
            let detail = "Send either `labels` or `access`, not both.";
            return Err(invalid("resource.properties.labels", detail));
        }
        if stated.len() > MAX_LABELS {
            let detail = format!("A resource has at most {MAX_LABELS} labels.");
            return Err(invalid("resource.properties", detail));
        }
        let invalid = stated.iter().find(|label| Label::parse(label).is_err()).cloned();
        Ok(Self { is_film, stated, is_labelled, access, invalid })
    }

    /// Whether properties say nothing about the labels.
    pub(super) fn are_unstated(&self) -> bool {
        self.stated.is_empty() && !self.is_labelled && self.access.is_none()
    }

    /// The first one that is not a valid label: nothing is allowed then.
    pub(super) fn invalid(&self) -> Option<&str> {
        self.invalid.as_deref()
    }

    /// What a decision knows about the resource; each of these has to allow it.
    pub(super) fn facts(
        &self,
        policy: &Snapshot,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Vec<Facts<'_>> {
        let stated = || Facts::labels(self.stated.iter().map(String::as_str));
        let document = match &self.access {
            Some(access) => Facts::access(access, policy.time_bound_labels(), now()),
            None if self.is_film && !self.is_labelled => Facts::missing(),
            None => return vec![stated()],
        };
        if self.stated.is_empty() { vec![document] } else { vec![document, stated()] }
    }
}
