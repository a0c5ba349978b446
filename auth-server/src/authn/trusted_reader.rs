//! Extractor for operations that show what the policy says: to admins, and to programs that are trusted with it.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::authorized_admin::AuthorizedAdmin;
use super::service_client::{self, ServiceClient};
use super::subject::{Evaluation, Purpose};
use crate::client::Scope;

/// Reading the policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyReading;

/// Explaining decisions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Explaining;

impl Purpose for PolicyReading {
    const SCOPE: Scope = Scope::PolicyRead;
}

impl Purpose for Explaining {
    const SCOPE: Scope = Scope::Explain;
}

/// A signed-in caller whose roles allow this operation, or a service client with the scope for it. Errors:
/// [`super::SIGNED_IN`], [`super::authorized_admin::AUTHORIZATION`], [`super::CLIENT`] and
/// [`crate::db::DATABASE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrustedReader<P>(PhantomData<P>);

/// A caller that may ask about subjects of its choice.
pub(crate) type EnforcementPoint = TrustedReader<Evaluation>;

impl<'a, P: Purpose> ApiExtractor<'a> for TrustedReader<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        AuthorizedAdmin::register(registry);
        service_client::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        [AuthorizedAdmin::security_schemes(), vec![service_client::SCHEME]].concat()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        if service_client::is_present(request) {
            let client = ServiceClient::from_request(request, body, options).await?;
            client.require(P::SCOPE)?;
        } else {
            AuthorizedAdmin::from_request(request, body, options).await?;
        }
        Ok(Self(PhantomData))
    }
}
