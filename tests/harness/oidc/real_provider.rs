//! A real provider: `oidc-provider` from npm, in a process of its own that all tests share.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, Url, redirect};

use crate::setting;

/// The provider of this process. Ends with it, when its standard input does.
static SHARED: LazyLock<(Child, String)> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/oidc-provider/provider.mjs");
    let mut command = Command::new("node");
    command.arg(script).env("OIDC_PROVIDER", setting("OIDC_PROVIDER"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
    // It goes on to talk, and would end where nobody listened.
    thread::spawn(move || lines.for_each(drop));
    (child, format!("http://127.0.0.1:{}", port.unwrap()))
});

/// Somebody's browser at the real provider.
pub struct RealProvider {
    /// Its issuer.
    pub url: String,
    http: Client,
    cookies: HashMap<String, String>,
}

impl RealProvider {
    /// A browser that was never there.
    ///
    /// # Panics
    /// The provider does not start.
    #[must_use]
    pub fn visit() -> Self {
        let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let (http, url) = (builder.build().unwrap(), SHARED.1.clone());
        Self { url, http, cookies: HashMap::new() }
    }

    /// Signs in as `login` on the page of this URL and agrees; the URL that the browser is sent back
    /// to.
    ///
    /// # Panics
    /// The provider wants something else.
    pub async fn agree(&mut self, page: &Url, login: &str) -> Url {
        let mut page = page.clone();
        for _ in 0..20 {
            if !page.as_str().starts_with(&self.url) {
                return page;
            }
            let request = self.http.get(page.clone());
            let answer = self.send(request).await;
            page = match next(&page, &answer) {
                Some(page) => page,
                None => self.fill_in(&page, answer, login).await,
            };
        }
        panic!("the provider sends its visitor in a circle");
    }

    /// Refuses on the page of this URL.
    ///
    /// # Panics
    /// The provider wants something else.
    pub async fn refuse(&mut self, page: &Url) -> Url {
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

    /// Sends the form that this page shows.
    async fn fill_in(&mut self, page: &Url, answer: Response, login: &str) -> Url {
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
