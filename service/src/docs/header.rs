//! Headers of responses.

use poem_openapi::registry::MetaHeader;
use poem_openapi::types::Type;

/// The documentation of a header that every response of its kind has.
#[must_use]
pub fn header(name: &str, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.into(),
        description: Some(description.into()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    }
}
