//! A real browser: headless Chromium, driven by chromedriver.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::{free_port, until};

/// How long an element may take to appear.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A browser with an empty profile, closed when this value is dropped.
pub struct Browser {
    client: Client,
    driver: Child,
    port: u16,
}

/// Size of a window, in CSS pixels.
pub const DESKTOP: (u32, u32) = (1280, 900);
/// Size of a small phone.
pub const PHONE: (u32, u32) = (360, 740);

#[expect(clippy::missing_panics_doc, reason = "each panics where the browser does not do its part")]
impl Browser {
    /// Starts a browser whose window has this size.
    pub async fn start((width, height): (u32, u32)) -> Self {
        let port = free_port();
        let mut driver = Command::new("chromedriver");
        driver.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = driver
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver (Debian: chromium-driver): {error}"));
        let url = format!("http://127.0.0.1:{port}");
        until("chromedriver listens", async || reqwest::get(format!("{url}/status")).await.is_ok())
            .await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(width, height));
        let client = builder.connect(&url).await.unwrap();
        Self { client, driver, port }
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// The first element that matches, as soon as there is one that can be seen.
    pub async fn find(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(TIMEOUT);
        let element = wait.for_element(Locator::Css(css)).await;
        element.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// The text that is shown in the first element that matches.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    /// The text of every element that matches now.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)";
        let texts = self.run(script, vec![css.into()]).await;
        serde_json::from_value(texts).unwrap()
    }

    /// Clicks like a user: fails if something else covers the element.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until an element that matches shows this text.
    pub async fn shows(&self, css: &str, text: &str) {
        let what = format!("{css} shows {text:?}");
        until(&what, async || self.texts(css).await.iter().any(|shown| shown.contains(text))).await;
    }

    /// The result of a script.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A signal would end chromedriver alone, and leave the browser running.
        if shut_down(self.port).is_err() {
            let _ = self.driver.kill();
        }
        let _ = self.driver.wait();
    }
}

fn shut_down(port: u16) -> io::Result<()> {
    let mut driver = TcpStream::connect(("127.0.0.1", port))?;
    driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
    driver.read_to_end(&mut Vec::new()).map(drop)
}

fn capabilities(width: u32, height: u32) -> Map<String, Value> {
    // The sandbox needs privileges that containers don't have; windows cannot be narrower than 500 pixels, emulated
    // devices can.
    let options = json!({
        "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        "mobileEmulation": { "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0, "touch": false, "mobile": false } },
    });
    let mut capabilities = Map::new();
    capabilities.insert("goog:chromeOptions".into(), options);
    capabilities
}
