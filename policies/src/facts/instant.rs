//! Instants, as Elasticsearch reads them in the format of [`crate::mapping::INSTANT_FORMAT`].

use chrono::NaiveDate;

/// The years of the Gregorian calendar repeat, weekdays included, after this many.
const CYCLE_YEARS: i64 = 400;
const CYCLE_SECONDS: i64 = 146_097 * 24 * 60 * 60;

/// Unix seconds of `2028-03-01T00:00:00Z`; `None` if Elasticsearch rejects the text. A year has four
/// digits, or more with a sign; a negative one always has a sign. Milliseconds must fit into 64 bits.
pub(super) fn instant(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (date, day) = date.rsplit_once('-')?;
    let (year, month) = date.rsplit_once('-')?;
    let [hour, minute, second] = fields(time)?;
    let year = year_number(year)?;
    let cycles = year.div_euclid(CYCLE_YEARS);
    let within = i32::try_from(year.rem_euclid(CYCLE_YEARS)).ok()?;
    let day = NaiveDate::from_ymd_opt(within, two_digits(month)?, two_digits(day)?)?;
    let seconds = day.and_hms_opt(hour, minute, second)?.and_utc().timestamp();
    let seconds = cycles.checked_mul(CYCLE_SECONDS)?.checked_add(seconds)?;
    seconds.checked_mul(1_000).map(|_| seconds)
}

fn year_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let signed = match (text.as_bytes().first()?, digits.len()) {
        (b'+', length) => length > 4,
        (b'-', _) => digits.bytes().any(|byte| byte != b'0'),
        (_, length) => length == 4,
    };
    text.parse().ok().filter(|_| is_number && signed)
}

fn fields(time: &str) -> Option<[u32; 3]> {
    let mut parts = time.split(':').map(two_digits);
    let fields = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(fields)
}

fn two_digits(text: &str) -> Option<u32> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_accepted_as_elasticsearch_accepts_them() {
        for (text, seconds) in [
            ("2026-06-01T12:00:00Z", 1_780_315_200),
            ("1969-12-31T23:59:59Z", -1),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("-0001-01-01T00:00:00Z", -62_198_755_200),
            ("-2026-01-01T00:00:00Z", -126_101_577_600),
            ("+12026-01-01T00:00:00Z", 317_336_745_600),
            ("-12026-01-01T00:00:00Z", -441_671_097_600),
        ] {
            assert_eq!(instant(text), Some(seconds), "{text}");
        }
        for invalid in [
            "",
            "Z",
            " 2026-06-01T12:00:00Z",
            "2026-06-01T12:00:00",
            "2026-06-01T12:00:00z",
            "2026-06-01t12:00:00Z",
            "2026-06-01T12:00:00.5Z",
            "2026-06-01T12:00Z",
            "2026-06-01T12:00:00UTC",
            "2026-06-01T12:00:00+00:00",
            "2026-06-01T24:00:00Z",
            "2026-06-01T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2026-6-01T12:00:00Z",
            "+2026-06-01T12:00:00Z",
            "-0000-06-01T12:00:00Z",
            "12026-06-01T12:00:00Z",
            "026-06-01T12:00:00Z",
            "+999999999-01-01T00:00:00Z",
            "+9999999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(instant(invalid), None, "{invalid}");
        }
    }
}
