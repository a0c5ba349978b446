//! The picture that an authenticator app scans.

use qrcode::QrCode;
use qrcode::render::svg::Color;

use crate::http::problem::{INTERNAL, Problem};

/// Width and height of the picture in pixels, at least.
const SIZE: u32 = 240;

/// A QR code of this text, as an SVG document, black on white with a quiet zone around it.
///
/// # Errors
/// The text is longer than a QR code can hold, some 2,300 bytes.
pub(crate) fn svg(text: &str) -> Result<String, Problem> {
    let code = QrCode::new(text).map_err(|error| {
        tracing::error!(%error, "a QR code can't be drawn");
        Problem::new(INTERNAL)
    })?;
    Ok(code.render::<Color<'_>>().min_dimensions(SIZE, SIZE).build())
}
