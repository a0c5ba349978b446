//! The page at `/docs`: Swagger UI, with a form to sign in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::ApiInfo;

const TEMPLATE: &str = include_str!("page.html");

/// The page's own script, at `/docs/page.js`.
pub(super) const SCRIPT: &str = include_str!("page.js");

/// The page and its content security policy. `swagger_ui` is poem-openapi's page, which contains Swagger UI.
pub(super) fn page(swagger_ui: &str, info: ApiInfo) -> (String, String) {
    let style = between(swagger_ui, "<style charset=\"UTF-8\">", "</style>");
    let bundle = between(swagger_ui, "<script charset=\"UTF-8\">", "</script>");
    // The parts that stand in the template come first: the bundle contains braces.
    let page = TEMPLATE
        .replace("{title}", info.title)
        .replace("{sign_in}", info.sign_in.unwrap_or_default())
        .replace("{style}", style)
        .replace("{bundle}", bundle);
    (page, content_security_policy(bundle))
}

/// Only Swagger UI and the page's own script run, and it talks to this server alone.
fn content_security_policy(bundle: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(bundle))
    )
}

/// The text after `start` and before the next `end`; empty if there is none.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or("", |(within, _)| within)
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn a_part_of_a_page_is_found() {
        let page = "<p><style>a{}</style><script a=b>let x = '<script>';</script>";
        assert_eq!(between(page, "<script a=b>", "</script>"), "let x = '<script>';");
        assert_eq!(between(page, "<link>", "</link>"), "");
    }
}
