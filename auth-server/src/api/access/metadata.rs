//! `GET /.well-known/authzen-configuration`

use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

/// Metadata of a policy decision point (AuthZEN 1.0, section 9).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
struct DecisionPointMetadata {
    /// Base URL of the policy decision point.
    policy_decision_point: String,
    /// URL of single evaluations.
    access_evaluation_endpoint: String,
    /// URL of batches of evaluations.
    access_evaluations_endpoint: String,
    /// URL of the search for subjects.
    search_subject_endpoint: String,
    /// URL of the search for resources.
    search_resource_endpoint: String,
    /// URL of the search for actions.
    search_action_endpoint: String,
}

const CACHE: &str = "public, max-age=3600";

/// The operation.
pub(crate) struct Metadata(DecisionPointMetadata);

impl Metadata {
    /// The metadata of the server with this public URL.
    pub(super) fn of(issuer: &str) -> Self {
        let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
        Self(DecisionPointMetadata {
            policy_decision_point: at(""),
            access_evaluation_endpoint: at("/access/v1/evaluation"),
            access_evaluations_endpoint: at("/access/v1/evaluations"),
            search_subject_endpoint: at("/access/v1/search/subject"),
            search_resource_endpoint: at("/access/v1/search/resource"),
            search_action_endpoint: at("/access/v1/search/action"),
        })
    }
}

#[OpenApi(tag = "crate::http::tags::Tag::Access")]
impl Metadata {
    /// Get the metadata of the policy decision point (AuthZEN 1.0).
    #[oai(
        path = "/.well-known/authzen-configuration",
        method = "get",
        operation_id = "get_authzen_metadata"
    )]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn metadata(&self) -> Response<Json<DecisionPointMetadata>> {
        Response::new(Json(self.0.clone())).header("Cache-Control", CACHE)
    }
}
