//! Where a request comes from: what auth-server is told about the client behind movie-api.

use std::net::IpAddr;

use poem::http::HeaderValue;
use poem::http::header::USER_AGENT;
use poem::{FromRequest, Request, RequestBody, Result};
use service::http::{ClientAddress, RequestContext, RequestId};

/// The client of a request. auth-server records and throttles it.
pub(super) struct Origin {
    /// The client's address, seen through the proxies that movie-api trusts.
    pub(super) client: IpAddr,
    /// `User-Agent`, unchanged.
    pub(super) user_agent: Option<HeaderValue>,
    /// The request's id, for auth-server's log lines.
    pub(super) request_id: RequestId,
}

impl<'a> FromRequest<'a> for Origin {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let ClientAddress(client) = ClientAddress::from_request(request, body).await?;
        let request_id = RequestContext::read(|context| context.id.clone());
        Ok(Self {
            client,
            user_agent: request.headers().get(USER_AGENT).cloned(),
            request_id: request_id.unwrap_or_else(RequestId::generate),
        })
    }
}
