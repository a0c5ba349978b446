//! Where a login comes from.

use poem::http::header::USER_AGENT;
use poem::{FromRequest, Request, RequestBody, Result};

use crate::http::ClientAddress;
use crate::session::Device;

/// Longest name of a device, in characters.
const LONGEST: usize = 200;

/// The device as far as the request tells.
pub(crate) struct From(pub Device);

impl<'a> FromRequest<'a> for From {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let agent = request.headers().get(USER_AGENT).map(|agent| {
            let text = String::from_utf8_lossy(agent.as_bytes());
            text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>()
        });
        let ClientAddress(address) = ClientAddress::from_request(request, body).await?;
        let address = Some(address.to_string());
        Ok(Self(Device { name: agent.filter(|agent| !agent.is_empty()), address }))
    }
}
