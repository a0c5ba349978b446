//! Days, as others write them. What is not a day here never reaches Elasticsearch, which would read
//! `2024-02-30` as 1 March and `0000-00-00` as the end of the year −2.

use chrono::{
    Datelike, NaiveDate, NaiveDateTime, NaiveTime,
    format::{Item, StrftimeItems},
};

/// How a day is read.
#[derive(Debug, Default)]
pub(super) struct DateRule {
    /// Formats in the notation of `strftime`, in the order in which they are attempted, before ISO 8601.
    pub(super) formats: Vec<String>,
    /// What a year alone means.
    pub(super) year_alone: YearAlone,
}

/// What a year alone means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum YearAlone {
    /// The day is unknown.
    #[default]
    Unknown,
    /// Its first day.
    January1,
}

impl DateRule {
    /// Whether a format is valid and contains a whole day.
    pub(super) fn is_complete(format: &str) -> bool {
        let valid = StrftimeItems::new(format).all(|item| !matches!(item, Item::Error));
        let example =
            NaiveDate::from_ymd_opt(2019, 11, 23).and_then(|day| day.and_hms_opt(1, 2, 3));
        valid
            && example.is_some_and(|example| {
                let mut text = String::new();
                let written =
                    std::fmt::write(&mut text, format_args!("{}", example.format(format)));
                written.is_ok() && formatted(&text, format) == Some(example.date())
            })
    }

    /// The day that a text states, of the years 1 to 9999.
    pub(super) fn read(&self, text: &str) -> Option<NaiveDate> {
        let mut formats = self.formats.iter();
        let day = formats.find_map(|format| formatted(text, format));
        let day = day.or_else(|| iso(text)).or_else(|| self.year(text))?;
        (1..=9999).contains(&day.year()).then_some(day)
    }

    fn year(&self, text: &str) -> Option<NaiveDate> {
        let year = (self.year_alone == YearAlone::January1 && is_year(text)).then_some(text)?;
        NaiveDate::from_ymd_opt(year.parse().ok()?, 1, 1)
    }
}

/// Whether a text is a year alone.
pub(super) fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn formatted(text: &str, format: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, format);
    day.or_else(|_| {
        Ok::<_, chrono::ParseError>(NaiveDateTime::parse_from_str(text, format)?.date())
    })
    .ok()
}

/// `2010-10-30`, also with a time behind `T` or a space, of which only the day counts: as it is written,
/// in whatever time zone.
fn iso(text: &str) -> Option<NaiveDate> {
    let (day, time) = text.split_at_checked(10)?;
    let digits = day.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let valid_time = time.is_empty() || is_time(time.strip_prefix(['T', 't', ' '])?);
    (digits && valid_time).then(|| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())?
}

fn is_time(text: &str) -> bool {
    let local = text.strip_suffix(['Z', 'z']).or_else(|| without_offset(text)).unwrap_or(text);
    ["%H:%M:%S%.f", "%H:%M"].iter().any(|format| NaiveTime::parse_from_str(local, format).is_ok())
}

/// Without `+02`, `-0500` or `+05:30`.
fn without_offset(text: &str) -> Option<&str> {
    let (local, offset) = text.split_once(['+', '-'])?;
    let digits = offset.bytes().filter(u8::is_ascii_digit).count();
    let valid = matches!((digits, offset.len()), (2, 2) | (4, 4))
        || (digits, offset.len(), offset.as_bytes().get(2)) == (4, 5, Some(&b':'));
    valid.then_some(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rule: &DateRule, text: &str) -> Option<String> {
        rule.read(text).map(|day| day.to_string())
    }

    #[test]
    fn iso_days_and_times_are_read_without_a_mapping_file() {
        let rule = DateRule::default();
        for text in [
            "2010-10-30",
            "2010-10-30T00:00:00",
            "2010-10-30 23:59",
            "2010-10-30T23:59:59.999Z",
            "2010-10-30T00:00:00+05:30",
            "2010-10-30T00:00:00-0500",
        ] {
            assert_eq!(read(&rule, text).as_deref(), Some("2010-10-30"), "{text}");
        }
        assert_eq!(read(&rule, "2024-02-29").as_deref(), Some("2024-02-29"));
        assert_eq!(read(&rule, "9999-12-31").as_deref(), Some("9999-12-31"));
    }

    #[test]
    fn what_is_not_a_day_is_no_date() {
        let rule = DateRule::default();
        for text in [
            "",
            "0000-00-00",
            "0000-01-01",
            "2024-02-30",
            "2023-02-29",
            "2026-13-01",
            "20000-01-01",
            "+2020-01-01",
            "-2020-01-01",
            "2020-1-1",
            "2020-01-01T",
            "2020-01-01T25:00:00",
            "2020-01-01x",
            "1971",
            "Jun 12 1998",
            "1995/10/30",
            "20200101",
            "2020-01-01T00:00:00+5",
            "２０２０-01-01",
            "999999999999",
        ] {
            assert_eq!(read(&rule, text), None, "{text}");
        }
    }

    #[test]
    fn formats_are_attempted_in_order() {
        let formats = ["%d/%m/%Y", "%m/%d/%Y", "%b %d %Y"].map(str::to_owned).to_vec();
        let rule = DateRule { formats, year_alone: YearAlone::January1 };
        for (text, day) in [
            ("02/03/2020", "2020-03-02"),
            ("02/13/2020", "2020-02-13"),
            ("Jun 12 1998", "1998-06-12"),
            ("1971", "1971-01-01"),
            ("2020-05-06", "2020-05-06"),
        ] {
            assert_eq!(read(&rule, text).as_deref(), Some(day), "{text}");
        }
        for text in ["30/02/2020", "0000", "Jun 31 1998", "01/01/0000", "01/01/12020"] {
            assert_eq!(read(&rule, text), None, "{text}");
        }
    }
}
