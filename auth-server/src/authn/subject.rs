//! Extractor for the subject of a decision: the caller, or the user for whom a service client asks.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use service::http::SUBJECT_TOKEN;

use super::service_client::{self, ServiceClient};
use super::{Authenticator, Caller, TokenError, extractor};
use crate::client::Scope;
use crate::http::problem::Problem;

/// What a decision is for.
pub(crate) trait Purpose {
    /// The scope that a service client needs.
    const SCOPE: Scope;
}

/// Checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evaluation;

/// Search filters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filtering;

impl Purpose for Evaluation {
    const SCOPE: Scope = Scope::Evaluate;
}

impl Purpose for Filtering {
    const SCOPE: Scope = Scope::Filter;
}

/// The subject of a decision. Without credentials of a service client that is the bearer of the access
/// token, or a guest. With them it is the user of the token in `X-Subject-Token`, or a guest. Errors:
/// [`super::TOKEN`], [`super::CLIENT`] and [`crate::db::DATABASE`].
///
/// A handler names the header: `#[oai(name = "X-Subject-Token")] subject: EvaluationSubject`.
#[derive(Clone, Debug)]
pub(crate) struct Subject<P> {
    /// The user or guest.
    pub(crate) caller: Caller,
    /// Whether a service client asks.
    pub(crate) by_client: bool,
    purpose: PhantomData<P>,
}

/// The subject of a check.
pub(crate) type EvaluationSubject = Subject<Evaluation>;

/// The subject of a search filter.
pub(crate) type FilterSubject = Subject<Filtering>;

impl<P: Purpose> Subject<P> {
    /// The subject of this request.
    ///
    /// # Errors
    /// The credentials or the token are invalid, or the client may not ask.
    pub(crate) async fn of(
        request: &Request,
        authenticator: &Authenticator,
    ) -> Result<Self, Problem> {
        let by_client = service_client::is_present(request);
        let caller = if by_client {
            // Boxed: otherwise half of the future of every check.
            Box::pin(named_by_client(request, authenticator, P::SCOPE)).await?
        } else {
            Caller::of(request, authenticator).await?
        };
        Ok(Self { caller, by_client, purpose: PhantomData })
    }
}

async fn named_by_client(
    request: &Request,
    authenticator: &Authenticator,
    scope: Scope,
) -> Result<Caller, Problem> {
    ServiceClient::of(request, authenticator.clients()).await?.require(scope)?;
    match subject_token(request)? {
        None => Ok(Caller::Guest),
        Some(token) => Ok(Caller::user(token, authenticator).await?),
    }
}

fn subject_token(request: &Request) -> Result<Option<&[u8]>, TokenError> {
    let mut headers = request.headers().get_all(SUBJECT_TOKEN).iter();
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(token), None) => Ok(Some(token.as_bytes())),
        (Some(_), Some(_)) => Err(TokenError::Malformed),
    }
}

impl<'a, P: Purpose> ApiExtractor<'a> for Subject<P> {
    const TYPES: &'static [ApiExtractorType] =
        &[ApiExtractorType::SecurityScheme, ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        extractor::register(registry);
        service_client::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![extractor::SCHEME, service_client::SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::of(request, extractor::authenticator(request)?).await?)
    }
}
