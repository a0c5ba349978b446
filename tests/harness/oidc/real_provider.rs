//! A real provider: `oidc-provider` from npm, one process for all tests of a test process.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, Url, redirect};

use crate::setting;

/// The provider. It ends with the test process, when its standard input is closed.
static SHARED: LazyLock<(Child, String)> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oidc-provider/provider.mjs");
    let mut command = Command::new("node");
    command.arg(script).env("OIDC_PROVIDER", setting("OIDC_PROVIDER"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
    // Its output must be read, or writing to it would end the provider.
    thread::spawn(move || lines.for_each(drop));
    (child, format!("http://127.0.0.1:{}", port.unwrap()))
});

/// A user's browser at the real provider.
pub struct RealProvider {
    /// Its issuer.
    pub url: String,
    http: Client,
    cookies: HashMap<String, String>,
}

impl RealProvider {
    /// A browser without cookies.
    ///
    /// # Panics
    /// If the provider does not start.
    #[must_use]
    pub fn visit() -> Self {
        let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let (http, url) = (builder.build().unwrap(), SHARED.1.clone());
        Self { url, http, cookies: HashMap::new() }
    }

    /// Signs in as `login` on the page at this URL and consents; returns the callback URL.
    ///
    /// # Panics
    /// If the provider asks for something else.
    pub async fn authorize(&mut self, page: &Url, login: &str) -> Url {
        let mut page = page.clone();
        for _ in 0..20 {
            if !page.as_str().starts_with(&self.url) {
                return page;
            }
            let request = self.http.get(page.clone());
            let answer = self.send(request).await;
            page = match next(&page, &answer) {
                Some(page) => page,
                None => self.submit(&page, answer, login).await,
            };
        }
        panic!("the provider redirects in a loop");
    }

    /// Declines on the page at this URL; returns the callback URL.
    ///
    /// # Panics
    /// If the provider asks for something else.
    pub async fn decline(&mut self, page: &Url) -> Url {
        let request = self.http.get(page.clone());
        let answer = self.send(request).await;
        let mut page = next(page, &answer).unwrap();
        page.set_path(&format!("{}/abort", page.path()));
        while page.as_str().starts_with(&self.url) {
            let request = self.http.get(page.clone());
            page = next(&page, &self.send(request).await).unwrap();
        }
        page
    }

    /// Submits the form on this page.
    async fn submit(&mut self, page: &Url, answer: Response, login: &str) -> Url {
        let text = answer.text().await.unwrap();
        let prompt = if text.contains("name=\"login\"") { "login" } else { "consent" };
        let form = [("prompt", prompt), ("login", login), ("password", "x")];
        let request = self.http.post(page.clone()).form(&form);
        let answer = self.send(request).await;
        next(page, &answer).unwrap_or_else(|| panic!("{page}: {text}"))
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let cookies: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn next(page: &Url, answer: &Response) -> Option<Url> {
    let location = answer.headers().get(LOCATION)?.to_str().unwrap();
    Some(page.join(location).unwrap())
}
