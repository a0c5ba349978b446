//! One spelling for what users type: texts that look the same are the same.

use unicode_normalization::UnicodeNormalization;

/// The text in NFC.
///
/// # Errors
/// It has white space at either end, or characters that cannot be seen; with the reason.
pub(crate) fn normalize(typed: &str) -> Result<String, &'static str> {
    if typed.trim() != typed {
        return Err("It must not begin or end with white space.");
    }
    if typed.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("It must not contain invisible characters.");
    }
    Ok(typed.nfc().collect())
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What names and addresses are compared by. Normalized twice, because lower-casing can decompose a
/// character.
pub(crate) fn fold_case(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}
