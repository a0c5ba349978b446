//! Somebody's browser at a server.

use reqwest::{Method, Url};
use serde_json::Value;

use crate::{Answer, Caller};

/// A browser with the cookies of one sign-in after the other.
#[derive(Clone)]
pub struct Browser {
    /// Who asks.
    pub guest: Caller,
    /// The provider's name.
    pub provider: String,
}

/// A sign-in that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The provider's page.
    pub page: Url,
    /// What the browser keeps: `name=value`.
    pub cookie: String,
    /// As the server set it.
    pub set_cookie: String,
}

impl Begun {
    /// A parameter of the provider's page.
    ///
    /// # Panics
    /// There is none such.
    #[must_use]
    pub fn parameter(&self, name: &str) -> String {
        self.page.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
    }

    /// What this answer begins at the page of this URL.
    ///
    /// # Panics
    /// It begins nothing.
    #[must_use]
    pub fn of(answer: &Answer, page: &str) -> Self {
        let set_cookie = answer.header("set-cookie").to_owned();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        Self { page: Url::parse(page).unwrap(), cookie, set_cookie }
    }
}

impl Browser {
    /// Begins to sign in.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn begin(&self) -> Begun {
        let answer = self.start().await.expect(303, "");
        Begun::of(&answer, answer.header("location"))
    }

    /// Asks for the beginning of a sign-in.
    pub async fn start(&self) -> Answer {
        self.guest.get(&format!("auth/oidc/{}/start", self.provider)).await
    }

    /// Comes back with these parameters.
    pub async fn come_back(&self, cookie: &str, parameters: &[(&str, &str)]) -> Answer {
        let path = format!("auth/oidc/{}/callback", self.provider);
        let mut request = self.guest.request(Method::GET, &path).query(parameters);
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        self.guest.send(request).await
    }

    /// Comes back to this URL, wherever the server is.
    pub async fn come_back_to(&self, begun: &Begun, back: &Url) -> Answer {
        let parameters: Vec<_> = back.query_pairs().into_owned().collect();
        let parameters: Vec<_> = parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
        self.come_back(&begun.cookie, &parameters).await
    }

    /// Begins to link an identity to the caller's account.
    ///
    /// # Panics
    /// The server does begin it, but in another way.
    pub async fn begin_link(&self, caller: &Caller, proof: &Value) -> (Answer, Option<Begun>) {
        let mut form = proof.clone();
        form["provider"] = self.provider.clone().into();
        let answer = caller.post("me/identities", &form).await;
        if answer.status != 200 {
            return (answer, None);
        }
        let page = answer.json()["authorization_url"].as_str().unwrap().to_owned();
        let begun = Begun::of(&answer, &page);
        (answer, Some(begun))
    }
}
