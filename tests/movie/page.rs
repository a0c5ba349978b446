//! `GET /`: the film page, as viewers use it in a browser.

use reqwest::Client;
use serde_json::{Value, json};
use tests::{Browser, DESKTOP, PASSWORD, PHONE, until};

use crate::favorites::FavoriteSite;
use crate::sample_films::{NEW, OLD, OLD_FILMS};
use crate::site::{Site, send};

const EMAIL: &str = "ada@films.example";

async fn open(site: &Site, window: (u32, u32), path: &str) -> Browser {
    let browser = Browser::start(window).await;
    browser.open(&format!("{}{path}", site.movie.url)).await;
    browser
}

/// Creates an account in the dialog, which signs it in.
async fn sign_up(browser: &Browser) {
    browser.click("#sign-in").await;
    browser.click("#account-others button").await;
    browser.shows("#account-title", "Create an account").await;
    credentials(browser).await;
    browser.find("#sign-out:not([hidden])").await;
}

async fn credentials(browser: &Browser) {
    browser.fill("dialog input[name=email]", EMAIL).await;
    browser.fill("dialog input[name=password]", PASSWORD).await;
    browser.click("#account-submit").await;
}

/// The access token that this operation answers to the credentials of the account.
async fn token_from(site: &Site, operation: &str) -> String {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let request = Client::new().post(format!("{}{operation}", site.movie.url)).json(&body);
    send(request, None).await.string("access_token")
}

/// What the page has stored.
const STORED: &str = "return [Object.keys(sessionStorage), localStorage.length, document.cookie]";

/// The path and the query of the address.
async fn place(browser: &Browser) -> Value {
    browser.run("return location.pathname + location.search", vec![]).await
}

#[tokio::test]
async fn a_guest_searches_filters_and_turns_pages() {
    let site = Site::open().await;
    let browser = open(&site, DESKTOP, "/").await;
    browser.shows("#total", &format!("{OLD_FILMS} films")).await;
    let first = browser.texts(".card h2").await;
    assert_eq!(first.len(), 12);
    browser.click("a[rel=next]").await;
    browser.shows(".pages", "Page 2 of 2").await;
    let second = browser.texts(".card h2").await;
    assert_eq!(second.len(), OLD_FILMS - 12);
    assert!(second.iter().all(|title| !first.contains(title)), "{second:?}");
    browser.run("history.back()", vec![]).await;
    browser.shows(".pages", "Page 1 of 2").await;

    browser.fill("#query", &second[0]).await;
    browser.click("#search button").await;
    browser.shows("h1", "Films for").await;
    browser.shows(".card h2", &second[0]).await;
}

#[tokio::test]
async fn a_refused_film_says_why_and_signing_in_may_help() {
    let site = Site::open().await;
    let browser = open(&site, DESKTOP, &format!("/?film={NEW}")).await;
    browser.shows("#why", "Why can’t I watch this?").await;
    browser.shows("#why", "“new”").await;
    sign_up(&browser).await;
    browser.shows("#why", "Your account does not include it").await;

    site.grant(&token_from(&site, "/auth/login").await, "subscriber").await;
    browser.reload().await;
    browser.shows("article h1", NEW).await;
}

#[tokio::test]
async fn favorites_are_kept() {
    let site = FavoriteSite::open().await;
    let browser = Browser::start(DESKTOP).await;
    browser.open(&format!("{}/?film={OLD}", site.movie.url)).await;
    sign_up(&browser).await;
    browser.click(".favorite[aria-pressed=false]").await;
    browser.find(".favorite[aria-pressed=true]").await;
    browser.click("#favorites").await;
    browser.find(&format!(".heart[data-favorite={OLD}][aria-pressed=true]")).await;
    browser.click(".heart").await;
    browser.find(".heart[aria-pressed=false]").await;
    browser.reload().await;
    browser.shows("#view", "No favorites yet").await;
}

#[tokio::test]
async fn a_session_outlives_a_reload_and_only_the_refresh_token_is_stored() {
    let site = Site::open().await;
    let browser = open(&site, DESKTOP, "/").await;
    sign_up(&browser).await;
    browser.reload().await;
    browser.find("#sign-out:not([hidden])").await;
    browser.shows("#who", EMAIL).await;
    assert_eq!(browser.run(STORED, vec![]).await, json!([["refresh_token"], 0, ""]));

    browser.click("#sign-out").await;
    browser.find("#sign-in:not([hidden])").await;
    assert_eq!(browser.run(STORED, vec![]).await, json!([[], 0, ""]));
    browser.click("#sign-in").await;
    credentials(&browser).await;
    browser.shows("#who", EMAIL).await;
}

#[tokio::test]
async fn signing_in_asks_for_the_second_factor() {
    let site = Site::open().await;
    let token = token_from(&site, "/auth/register").await;
    let recovery_code = site.enable_second_factor(&token).await;

    let browser = open(&site, DESKTOP, &format!("/?film={OLD}")).await;
    browser.click("#sign-in").await;
    credentials(&browser).await;
    browser.shows("#account-title", "Second factor").await;
    assert_eq!(browser.run(STORED, vec![]).await, json!([[], 0, ""]));
    browser.fill("dialog input[name=code]", "000 000").await;
    browser.click("#account-submit").await;
    browser.shows("#account-error", "code").await;
    browser.find("#sign-in:not([hidden])").await;
    browser.fill("dialog input[name=code]", &recovery_code).await;
    browser.click("#account-submit").await;
    browser.find("#sign-out:not([hidden])").await;
    browser.shows("#who", EMAIL).await;
    let closed = "return !document.querySelector('dialog').open";
    assert_eq!(browser.run(closed, vec![]).await, true);
    browser.shows("article h1", OLD).await;
    browser.reload().await;
    browser.shows("#who", EMAIL).await;
}

#[tokio::test]
async fn public_labels_are_badges() {
    let site = Site::open().await;
    let movie = site.another(&[("MOVIE_PUBLIC_LABELS", "new")]);
    let browser = Browser::start(DESKTOP).await;
    browser.open(&movie.url).await;
    sign_up(&browser).await;
    site.grant(&token_from(&site, "/auth/login").await, "subscriber").await;
    browser.open(&format!("{}/?query={NEW}", movie.url)).await;
    browser.shows(".card .badge", "new").await;
    browser.click(".card a").await;
    browser.shows("article .badge", "new").await;
    browser.open(&format!("{}/?film={OLD}", movie.url)).await;
    browser.shows("article h1", OLD).await;
    assert_eq!(browser.texts(".badge").await, Vec::<String>::new());
}

#[tokio::test]
async fn text_of_the_catalogue_is_never_markup() {
    let site = Site::open().await;
    let title = "<img src=x onerror=\"document.title='run'\"><script>1</script>";
    let film = json!({
        "id": "markup", "title": title, "description": title, "poster": "http://127.0.0.1:9/x.png", "imdb_rating": 9.9,
        "genres": [{ "id": title, "name": title }], "access": { "labels": [], "labelled_at": "2026-01-01T00:00:00Z" },
    });
    site.index.put("markup", &film).await;
    let browser = open(&site, DESKTOP, "/").await;
    browser.shows(".card h2", title).await;
    browser.click(".card a").await;
    browser.shows("article h1", title).await;
    browser.shows("article dd", title).await;
    let injected = "return document.querySelectorAll('main img, main script').length";
    assert_eq!(browser.run(injected, vec![]).await, 0);
    assert_ne!(browser.run("return document.title", vec![]).await, "run");
    assert_eq!(place(&browser).await, "/?film=markup");
}

#[tokio::test]
async fn everything_fits_on_a_phone() {
    let site = Site::open().await;
    let access = json!({ "labels": [], "labelled_at": "2025-01-01T00:00:00Z" });
    let wide = "W".repeat(600);
    let named = json!([{ "id": "wide", "name": wide }]);
    let film = json!({
        "id": "wide", "title": wide, "description": wide, "genres": named, "directors": named,
        "imdb_rating": 9.9, "access": access,
    });
    site.index.put("wide", &film).await;
    let browser = open(&site, PHONE, "/").await;
    let (old, new) = (format!("/?film={OLD}"), format!("/?film={NEW}"));
    for path in ["/", &old, &new, "/?favorites", "/?film=wide", "/?film=", "/?film=.."] {
        browser.open(&format!("{}{path}", site.movie.url)).await;
        until("the view is there", async || {
            browser.run("return document.querySelector('#view h1') !== null", vec![]).await == true
        })
        .await;
        let overflow = "return document.documentElement.scrollWidth - innerWidth";
        assert!(browser.run(overflow, vec![]).await.as_i64() <= Some(0), "{path}");
        let small = "return [...document.querySelectorAll('button, input, select')]
            .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)";
        assert_eq!(browser.run(small, vec![]).await, json!([]), "{path}");
    }
}

#[tokio::test]
async fn the_page_allows_no_foreign_script_and_is_asked_for_again() {
    let site = Site::open().await;
    let page = site.get("/", None).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    for file in ["/app.js", "/app.css", "/app.svg"] {
        assert_eq!(site.get(file, None).await.status, 200, "{file}");
    }
    assert_eq!(site.get("/app.txt", None).await.status, 404);
}
