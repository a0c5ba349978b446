//! `POST /api/v1/explain`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::AppState;
use super::check::decision::ResourceBody;
use super::check::operations::refuse_both;
use super::subject::SubjectBody;
use crate::authn::authorized_admin::AUTHORIZATION;
use crate::authn::{CLIENT, Explaining, SIGNED_IN, TrustedReader};
use crate::db::DATABASE;
use crate::explanation::{ExplainedResource, ExplanationView, Labels, Question};
use crate::films::FILMS;
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::http::{Body, WrittenReply, object, optional_object};
use crate::policy::EVALUATION;
use crate::problems;
use crate::user::subject_choice::{SUBJECT, SubjectChoice};

/// What is to be explained.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ExplainRequest {
    /// Whom the decision is about; a guest by default.
    #[serde(default, deserialize_with = "optional_object")]
    subject: Option<SubjectBody>,
    /// Action: `read`, `GET`, …; at most 128 bytes.
    #[serde(
        default = "super::check::action::read",
        deserialize_with = "super::check::action::deserialize"
    )]
    #[oai(default = "crate::api::check::action::read")]
    action: String,
    /// Resource to act on. The labels of a film with an id but neither `labels` nor `access` are read from Elasticsearch.
    #[serde(deserialize_with = "object")]
    resource: ResourceBody,
    /// Time of the decision, to which validity periods are applied; the current time by default.
    at: Option<DateTime<Utc>>,
}

problems! {
    /// Errors of explanations.
    pub(crate) enum ExplainError includes [
        BODY, SIGNED_IN, AUTHORIZATION, CLIENT, SUBJECT, FILMS, EVALUATION, DATABASE,
    ] {}
}

impl ExplainRequest {
    fn parse(self, now: DateTime<Utc>) -> Result<Question, Problem> {
        let Self { subject, action, resource, at } = self;
        refuse_both(&resource, || "resource".into())?;
        let ResourceBody { kind, id, labels, access } = resource;
        let labels = match (labels, access) {
            (Some(labels), _) => Labels::Stated(labels),
            (None, Some(access)) => Labels::Access(access),
            (None, None) => Labels::Unstated,
        };
        Ok(Question {
            subject: subject.map_or(Ok(SubjectChoice::Guest), |subject| subject.parse())?,
            action,
            resource: ExplainedResource { kind, id, labels },
            at: at.unwrap_or(now),
        })
    }
}

/// The operation.
pub(crate) struct ExplainApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1", tag = "crate::http::tags::Tag::Check")]
impl ExplainApi {
    /// Explain why a subject may act on a resource or not.
    ///
    /// About any user, guest or list of roles, at any time: the decision, the verdict on each label, every rule in the order
    /// of evaluation with what became of it, and roles that would be enough. For admins, and for service clients with the
    /// scope `explain`. Enforcement points use `/check`.
    #[oai(path = "/explain", method = "post", operation_id = "explain")]
    async fn explain(
        &self,
        _caller: TrustedReader<Explaining>,
        Body(request): Body<ExplainRequest>,
    ) -> Result<WrittenReply<ExplanationView>, ExplainError> {
        let AppState { pool, policy, films, offload, clock, .. } = &*self.0;
        let question = request.parse(clock.now())?;
        let policy = policy.snapshot_full();
        let prepared = question.prepare(&policy, pool, films.as_ref()).await?;
        // Admitted only now: nothing waits for Elasticsearch in a place of others.
        let explain = move || WrittenReply::write(&prepared.explain(&policy)?);
        Ok(offload.admit()?.run(explain).await??)
    }
}
