//! `POST /access/v1/search/action`

use std::collections::BTreeMap;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::Action;
use serde::{Deserialize, Serialize};

use super::LIMIT;
use super::page::{Page, PageBody, PageInfo};
use crate::api::AppState;
use crate::api::access::AccessError;
use crate::api::access::body::AccessBody;
use crate::api::access::decision::Decider;
use crate::api::access::entities::{Context, LabelledResource, ResourceBody, SubjectBody};
use crate::authn::EnforcementPoint;
use crate::http::problem::Problem;
use crate::http::{WrittenReply, object, optional_object};
use crate::policy::policy_problem;
use crate::user::subject::{NamedAccounts, NamedSubject};

/// What may this subject do to this resource?
#[derive(Deserialize, Object)]
struct ActionSearchRequest {
    /// Whom the search is about.
    #[serde(deserialize_with = "object")]
    subject: SubjectBody,
    /// What the subject would act on.
    #[serde(deserialize_with = "object")]
    resource: ResourceBody,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
    /// Which page of the results.
    #[serde(default, deserialize_with = "optional_object")]
    page: Option<PageBody>,
}

/// A page of actions.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ActionPage {
    page: PageInfo,
    results: Vec<NamedAction>,
}

/// An action that rules name.
#[derive(Debug, PartialEq, Eq, Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
struct NamedAction {
    /// Name.
    name: String,
    /// The property with which the action is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<BTreeMap<String, String>>,
}

impl NamedAction {
    fn of(text: String) -> Self {
        let qualified = text.split_once('?').filter(|(_, properties)| !properties.contains('&'));
        match qualified.and_then(|(name, property)| Some((name, property.split_once('=')?))) {
            Some((name, (property, value))) => Self {
                name: name.to_owned(),
                properties: Some([(property.to_owned(), value.to_owned())].into()),
            },
            None => Self { name: text, properties: None },
        }
    }
}

struct Search {
    subject: NamedSubject,
    resource: LabelledResource,
    page: Page,
}

impl ActionSearchRequest {
    fn parse(self) -> Result<Search, Problem> {
        Ok(Search {
            subject: self.subject.parse()?,
            resource: self.resource.parse()?,
            page: PageBody::parse(self.page)?,
        })
    }
}

impl Search {
    fn results(&self, decider: &Decider, accounts: &NamedAccounts) -> Result<ActionPage, Problem> {
        let subject = accounts.resolve(&self.subject);
        let roles = subject.known_roles().filter(|_| self.resource.is_known(decider.policy));
        let Some(roles) = roles else {
            return Ok(ActionPage { page: PageInfo::empty(), results: Vec::new() });
        };
        let roles = decider.policy.role_set(roles);
        let LabelledResource { resource, labels } = &self.resource;
        let mut allowed = Vec::new();
        for name in decider.policy.named_actions() {
            let is_allowed = decider.allows(&roles, &Action::new(name), resource, labels);
            if is_allowed.map_err(policy_problem)? {
                allowed.push(name);
            }
        }
        let (names, page) = self.page.cut(&allowed);
        Ok(ActionPage { page, results: names.into_iter().map(NamedAction::of).collect() })
    }
}

/// The operation.
pub(crate) struct ActionSearch(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/access/v1/search", tag = "crate::http::tags::Tag::Access")]
impl ActionSearch {
    /// Search the actions that a subject may perform on a resource (AuthZEN 1.0).
    ///
    /// Among the actions that rules name. For service clients with the scope `evaluate`, and for
    /// superusers.
    #[oai(path = "/action", method = "post", operation_id = "search_access_actions")]
    async fn search(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<ActionSearchRequest, LIMIT>,
    ) -> Result<WrittenReply<ActionPage>, AccessError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let place = offload.admit()?;
        let search = place.run(move || body.parse()?.parse()).await??;
        let accounts = NamedAccounts::of([&search.subject], pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        let find = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            WrittenReply::write(&search.results(&decider, &accounts)?)
        };
        Ok(place.run(find).await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualified_name_is_an_action_with_a_property() {
        let properties = Some([("soft".to_owned(), "true".to_owned())].into());
        let qualified = NamedAction { name: "delete".to_owned(), properties };
        assert_eq!(NamedAction::of("delete?soft=true".to_owned()), qualified);
        for other in ["delete", "delete?soft", "delete?a=1&b=2"] {
            let plain = NamedAction { name: other.to_owned(), properties: None };
            assert_eq!(NamedAction::of(other.to_owned()), plain);
        }
    }
}
