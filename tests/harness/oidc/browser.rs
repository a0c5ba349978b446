//! A user's browser during a sign-in through a provider.

use reqwest::{Method, Url};
use serde_json::Value;

use crate::{Answer, Caller};

/// A browser that starts sign-ins at one provider.
#[derive(Clone)]
pub struct Browser {
    /// Sends the requests to the server.
    pub guest: Caller,
    /// Name of the provider.
    pub provider: String,
    /// Whether the provider sends it back with a form.
    pub posts: bool,
}

/// A sign-in that has been started.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The provider's page that the browser is redirected to.
    pub authorization_url: Url,
    /// The flow cookie: `name=value`.
    pub cookie: String,
    /// The whole `Set-Cookie` header.
    pub set_cookie: String,
}

impl Flow {
    /// A query parameter of the authorization URL.
    ///
    /// # Panics
    /// If there is no such parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> String {
        let mut pairs = self.authorization_url.query_pairs();
        pairs.find(|(found, _)| found == name).unwrap().1.into_owned()
    }

    /// The flow that this answer starts at this authorization URL.
    ///
    /// # Panics
    /// If the answer sets no cookie.
    #[must_use]
    pub fn of(answer: &Answer, authorization_url: &str) -> Self {
        let set_cookie = answer.header("set-cookie").to_owned();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        Self { authorization_url: Url::parse(authorization_url).unwrap(), cookie, set_cookie }
    }
}

impl Browser {
    /// Starts a sign-in that must be redirected to the provider.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn begin(&self) -> Flow {
        let answer = self.start().await.expect(303, "");
        Flow::of(&answer, answer.header("location"))
    }

    /// Starts a sign-in, whatever the outcome.
    pub async fn start(&self) -> Answer {
        self.guest.get(&format!("auth/oidc/{}/start", self.provider)).await
    }

    /// Calls the callback with this cookie, if any, and these parameters.
    pub async fn call_back(&self, cookie: &str, parameters: &[(&str, &str)]) -> Answer {
        let path = format!("auth/oidc/{}/callback", self.provider);
        let mut request = if self.posts {
            self.guest.request(Method::POST, &path).form(parameters)
        } else {
            self.guest.request(Method::GET, &path).query(parameters)
        };
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        self.guest.send(request).await
    }

    /// Calls the callback with the parameters of this URL, wherever the server is.
    pub async fn follow(&self, flow: &Flow, callback: &Url) -> Answer {
        let parameters: Vec<_> = callback.query_pairs().into_owned().collect();
        let parameters: Vec<_> = parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
        self.call_back(&flow.cookie, &parameters).await
    }

    /// Starts linking an identity to the caller's account; also the flow, if it was started.
    ///
    /// # Panics
    /// If a 200 answer has no authorization URL.
    pub async fn begin_link(&self, caller: &Caller, credential: &Value) -> (Answer, Option<Flow>) {
        let mut body = credential.clone();
        body["provider"] = self.provider.clone().into();
        let answer = caller.post("me/identities", &body).await;
        if answer.status != 200 {
            return (answer, None);
        }
        let flow = Flow::of(&answer, &answer.string("authorization_url"));
        (answer, Some(flow))
    }
}
