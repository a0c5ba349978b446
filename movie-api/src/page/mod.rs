//! The film page at `/`: static HTML, one script and one style sheet, compiled into the program.

use poem::Route;
use service::http::fixed;

/// The paths that [`routes`] adds to those of the API.
pub(crate) const PATHS: &[&str] = &["/", "/app.js", "/app.css", "/app.svg"];

/// Scripts, styles and requests of this origin alone. Images may come from others, as those of the
/// catalogue do, but only encrypted.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
                      connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// `routes` with the page.
pub(crate) fn routes(routes: Route) -> Route {
    let file = |text: &'static str, media_type| poem::get(fixed(text, media_type, POLICY.into()));
    routes
        .at("/", file(include_str!("index.html"), "text/html; charset=utf-8"))
        .at("/app.js", file(include_str!("app.js"), "text/javascript; charset=utf-8"))
        .at("/app.css", file(include_str!("app.css"), "text/css; charset=utf-8"))
        .at("/app.svg", file(include_str!("app.svg"), "image/svg+xml"))
}
