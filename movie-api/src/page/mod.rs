//! The film page at `/`: static HTML, one script and one style sheet, compiled into the program.

use poem::http::Uri;
use poem::{Endpoint, EndpointExt, Request, Route};
use service::http::fixed;

/// The paths that [`with_page`] adds to those of the API.
pub(crate) const PATHS: &[&str] = &[INDEX, "/app.js", "/app.css", "/app.svg"];

/// Where the page is for the router, which leaves `/` to the API below it.
const INDEX: &str = "/index.html";

/// Scripts, styles and requests of this origin alone. Images may come from others, as those of the
/// catalogue do, but only encrypted.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The API with the page in front.
pub(crate) fn with_page(api: Route) -> impl Endpoint {
    let file = |text: &'static str, media_type| poem::get(fixed(text, media_type, POLICY.into()));
    api.at(INDEX, file(include_str!("index.html"), "text/html; charset=utf-8"))
        .at("/app.js", file(include_str!("app.js"), "text/javascript; charset=utf-8"))
        .at("/app.css", file(include_str!("app.css"), "text/css; charset=utf-8"))
        .at("/app.svg", file(include_str!("app.svg"), "image/svg+xml"))
        .before(async |mut request: Request| {
            if request.uri().path() == "/" {
                *request.uri_mut() = Uri::from_static(INDEX);
            }
            Ok(request)
        })
}
