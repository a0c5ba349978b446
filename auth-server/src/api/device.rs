//! The device of a login, as an extractor.

use poem::http::header::USER_AGENT;
use poem::{FromRequest, Request, RequestBody, Result};

use crate::http::ClientAddress;
use crate::session::Device;

/// Maximum length of a device name, in characters.
const MAX_LENGTH: usize = 200;

/// The device, as far as the request describes it.
pub(crate) struct FromDevice(pub Device);

impl<'a> FromRequest<'a> for FromDevice {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let agent = request.headers().get(USER_AGENT).map(|agent| {
            let text = String::from_utf8_lossy(agent.as_bytes());
            text.chars().filter(|c| !c.is_control()).take(MAX_LENGTH).collect::<String>()
        });
        let ClientAddress(address) = ClientAddress::from_request(request, body).await?;
        let address = Some(address.to_string());
        Ok(Self(Device { name: agent.filter(|agent| !agent.is_empty()), address }))
    }
}
