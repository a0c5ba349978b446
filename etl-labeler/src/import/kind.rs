//! The kinds of fields, and how each reads a value.

use serde_json::{Number, Value};

use super::{cell::Cell, dates::DateRule, literal, names::NameRule};

/// The kind of a field.
#[derive(Debug)]
pub(super) enum Kind {
    /// A text in which `N/A` is a title.
    Title,
    Text,
    Keyword,
    Long,
    Float,
    Double,
    Boolean,
    Date(DateRule),
    Names(NameRule),
}

/// What a value is for a field.
#[derive(Default)]
pub(super) struct Reading {
    /// The value to index.
    pub(super) value: Option<Value>,
    /// The source has a value, and the field cannot take it, or not all of it.
    pub(super) unreadable: bool,
}

impl Kind {
    /// Columns of the source that the field is read from, instead of one field.
    pub(super) fn flags(&self) -> &[String] {
        match self {
            Self::Names(rule) => &rule.flags,
            _ => &[],
        }
    }

    /// How values are read for a field of this type in an index; none for objects and types without a notation of
    /// their own, which an import does not create.
    pub(super) fn of_index(kind: &str) -> Option<Self> {
        Some(match kind {
            "keyword" | "wildcard" | "constant_keyword" => Self::Keyword,
            "text" | "match_only_text" | "search_as_you_type" => Self::Text,
            "long" | "integer" | "short" | "byte" | "unsigned_long" => Self::Long,
            "double" | "scaled_float" => Self::Double,
            "float" | "half_float" => Self::Float,
            "boolean" => Self::Boolean,
            "date" | "date_nanos" => {
                Self::Date(DateRule { keeps_time: true, ..DateRule::default() })
            }
            _ => return None,
        })
    }

    /// Reads a value. A text that is blank or stands for "no value" is none.
    pub(super) fn read(&self, cell: Cell<'_>, missing: &[String]) -> Reading {
        // `['R']` in a cell is a list, which a rule about `R` must not miss.
        if let (Self::Keyword, Cell::Text(text)) = (self, &cell)
            && let Some(json) = literal::read(text)
        {
            return self.read(Cell::of(&json), missing);
        }
        let is_missing = |text: &str| is_missing(text, missing);
        let cell = if matches!(self, Self::Names(_)) { cell } else { cell.single() };
        match (&cell, self) {
            (Cell::Null, _) => Reading::default(),
            (Cell::Text(text), Self::Title) if text.trim().is_empty() => Reading::default(),
            (Cell::Text(text), kind) if !matches!(kind, Self::Title) && is_missing(text) => {
                Reading::default()
            }
            (cell, Self::Names(rule)) => {
                let names = rule.read(cell, is_missing);
                Reading { unreadable: names.unreadable, value: names.value() }
            }
            (Cell::List(items), Self::Keyword) => {
                let cells = items.iter().map(|item| Cell::of(item));
                let cells: Vec<_> = cells.filter(|cell| !matches!(cell, Cell::Null)).collect();
                let texts: Vec<Value> =
                    cells.iter().filter_map(|cell| Some(cell.scalar()?.into())).collect();
                // What can be read counts: a rule must not miss it.
                let unreadable = texts.len() < cells.len();
                Reading { value: (!texts.is_empty()).then_some(Value::Array(texts)), unreadable }
            }
            (cell, kind) => cell.scalar().and_then(|text| kind.scalar(text)).into(),
        }
    }

    fn scalar(&self, text: &str) -> Option<Value> {
        match self {
            Self::Title | Self::Text | Self::Keyword => Some(text.into()),
            Self::Long => whole(text).map(Value::from),
            Self::Float => number(text, f64::from(f32::MAX)),
            Self::Double => number(text, f64::MAX),
            Self::Boolean => boolean(text).map(Value::from),
            Self::Date(rule) => rule.read(text).map(Value::from),
            Self::Names(_) => None,
        }
    }
}

impl From<Option<Value>> for Reading {
    fn from(value: Option<Value>) -> Self {
        Self { unreadable: value.is_none(), value }
    }
}

/// Whether a text is blank or one of those that stand for "no value".
pub(super) fn is_missing(text: &str, missing: &[String]) -> bool {
    let text = text.trim();
    text.is_empty() || missing.iter().any(|missing| missing == text)
}

/// As programs write it: `true`, `True`, `1`, `1.0`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "1.0" => Some(true),
        "false" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// A whole number, also as programs write it that know only floating-point numbers: `237000000.0`, `1e6`.
fn whole(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (digits, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let places = i32::try_from(fraction.len()).ok()?;
    let shift = exponent.parse::<i32>().ok()?.checked_sub(places)?;
    let power = 10_i64.checked_pow(u32::try_from(shift).ok()?)?;
    format!("{digits}{fraction}").parse::<i64>().ok()?.checked_mul(power)
}

/// A finite number, digits with a decimal point.
fn number(text: &str, max: f64) -> Option<Value> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = digits.then(|| text.parse::<f64>().ok())??;
    (number.abs() <= max).then(|| Number::from_f64(number).map(Value::Number))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_read_exactly_or_not_at_all() {
        for (text, number) in [
            ("237000000", 237_000_000),
            ("237000000.0", 237_000_000),
            ("-5.000", -5),
            ("1e6", 1_000_000),
            ("1.5E+3", 1_500),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in [
            "",
            ".",
            "e6",
            "1.5",
            "15e-1",
            "1e19",
            "9223372036854775808.0",
            "1.-5",
            "1e6.0",
            "0x10",
            "NaN",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
