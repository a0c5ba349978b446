//! What a browser kept of a sign-in.

use poem::http::HeaderMap;
use poem::http::header::COOKIE;
use poem::{FromRequest, Request, RequestBody, Result};

/// The cookies of a request.
pub(crate) struct Kept(HeaderMap);

impl Kept {
    /// The cookie of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let lines = self.0.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
        pairs.find(|(given, _)| given.trim() == name).map(|(_, value)| value.trim())
    }
}

impl<'a> FromRequest<'a> for Kept {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let lines = request.headers().get_all(COOKIE).iter();
        Ok(Self(lines.map(|line| (COOKIE, line.clone())).collect()))
    }
}
