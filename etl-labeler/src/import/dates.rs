//! Days and instants, as others write them. What is neither here never reaches Elasticsearch, which would read
//! `2024-02-30` as 1 March and `0000-00-00` as the end of the year −2.

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat,
    TimeZone, Timelike, Utc,
    format::{Fixed, Item, StrftimeItems},
};

/// How a date is read.
#[derive(Debug, Default)]
pub(super) struct DateRule {
    /// In the order in which they are attempted, before ISO 8601.
    pub(super) formats: Vec<Format>,
    /// What a year alone means.
    pub(super) year_alone: YearAlone,
    /// Whether a time is kept, as an instant. Otherwise a date is the day as it is written, in whatever time zone.
    pub(super) keeps_time: bool,
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

/// A format in the notation of `strftime`.
#[derive(Debug)]
pub(super) struct Format {
    text: String,
    states: States,
}

/// What a text in a format states.
#[derive(Clone, Copy, Debug)]
enum States {
    Day,
    /// A day and a time in UTC, for want of an offset.
    Time,
    /// A day and a time with its offset.
    TimeAndOffset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Date {
    Day(NaiveDate),
    Instant(DateTime<FixedOffset>),
}

impl DateRule {
    /// The date that a text states, as the document has it: `2026-11-30`, or `2026-11-30T20:00:00Z` if it has a
    /// time that is kept. A year has four digits and is at least 1000: `0026` is a mistake for 2026.
    pub(super) fn read(&self, text: &str) -> Option<String> {
        let mut formats = self.formats.iter();
        let date = formats.find_map(|format| format.read(text));
        let date = date.or_else(|| iso(text)).or_else(|| self.year(text).map(Date::Day))?;
        match date {
            Date::Day(day) => has_year(&day).then(|| day.format("%Y-%m-%d").to_string()),
            Date::Instant(at) if self.keeps_time => {
                let at = at.to_utc();
                // A leap second has no notation in Elasticsearch.
                let valid = has_year(&at) && at.nanosecond() < 1_000_000_000;
                valid.then(|| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
            Date::Instant(at) => has_year(&at).then(|| at.format("%Y-%m-%d").to_string()),
        }
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

fn has_year(date: &impl Datelike) -> bool {
    (1000..=9999).contains(&date.year())
}

impl Format {
    /// A format of a whole day, also with a whole time. Names of time zones are no part of one: what they mean is
    /// not certain.
    pub(super) fn parse(text: String) -> Option<Self> {
        let items: Option<Vec<Item<'_>>> = StrftimeItems::new(&text)
            .map(|item| {
                (!matches!(item, Item::Error | Item::Fixed(Fixed::TimezoneName))).then_some(item)
            })
            .collect();
        items?;
        let (example, later) = (example(13, 2, 3)?, example(14, 5, 6)?);
        let written = |at: DateTime<FixedOffset>| at.format(&text).to_string();
        let is_timeless = written(example) == written(later);
        let states =
            [States::TimeAndOffset, States::Time, States::Day].into_iter().find(|states| {
                let is_exact = |at: DateTime<FixedOffset>| match states.read(&written(at), &text) {
                    Some(Date::Day(day)) => is_timeless && day == at.date_naive(),
                    Some(Date::Instant(read)) => {
                        read.timestamp() / 60
                            == match states {
                                States::Time => at.naive_local().and_utc().timestamp(),
                                _ => at.timestamp(),
                            } / 60
                    }
                    None => false,
                };
                is_exact(example) && is_exact(later)
            })?;
        Some(Self { text, states })
    }

    fn read(&self, text: &str) -> Option<Date> {
        self.states.read(text, &self.text)
    }
}

impl States {
    fn read(self, text: &str, format: &str) -> Option<Date> {
        match self {
            Self::Day => NaiveDate::parse_from_str(text, format).ok().map(Date::Day),
            Self::Time => {
                let local = NaiveDateTime::parse_from_str(text, format).ok()?;
                Some(Date::Instant(local.and_utc().fixed_offset()))
            }
            Self::TimeAndOffset => DateTime::parse_from_str(text, format).ok().map(Date::Instant),
        }
    }
}

/// A time on a day whose numbers are all different.
fn example(hour: u32, minute: u32, second: u32) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(5 * 3600 + 45 * 60)?;
    offset.with_ymd_and_hms(2019, 11, 23, hour, minute, second).single()
}

/// `2010-10-30`, also with a time behind `T` or a space.
fn iso(text: &str) -> Option<Date> {
    let (day, time) = text.split_at_checked(10)?;
    let digits = day.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let day = digits.then(|| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())??;
    if time.is_empty() {
        return Some(Date::Day(day));
    }
    let (time, offset) = time_and_offset(time.strip_prefix(['T', 't', ' '])?)?;
    offset.from_local_datetime(&day.and_time(time)).single().map(Date::Instant)
}

/// A time with `Z`, `+02`, `-0500` or `+05:30`, or in UTC.
fn time_and_offset(text: &str) -> Option<(NaiveTime, FixedOffset)> {
    let (time, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(place) => text.split_at_checked(place)?,
        None => (text, "Z"),
    };
    let mut formats = ["%H:%M:%S%.f", "%H:%M"].iter();
    let time = formats.find_map(|format| NaiveTime::parse_from_str(time, format).ok())?;
    Some((time, offset_of(offset)?))
}

fn offset_of(text: &str) -> Option<FixedOffset> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Utc.fix());
    }
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits
            .split_once(':')
            .filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?,
    };
    let two_digits = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let seconds = (hours <= 18 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    FixedOffset::east_opt(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(formats: &[&str]) -> DateRule {
        let formats = formats.iter().map(|format| Format::parse((*format).to_owned()).unwrap());
        DateRule { formats: formats.collect(), keeps_time: true, ..DateRule::default() }
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
            "2010-10-30T23:59:60Z",
        ] {
            assert_eq!(rule.read(text).as_deref(), Some("2010-10-30"), "{text}");
        }
        assert_eq!(rule.read("2024-02-29").as_deref(), Some("2024-02-29"));
        assert_eq!(rule.read("9999-12-31").as_deref(), Some("9999-12-31"));
        assert_eq!(rule.read("1000-01-01").as_deref(), Some("1000-01-01"));
    }

    #[test]
    fn a_time_that_is_kept_is_an_instant_in_utc() {
        let rule = instants(&[]);
        for (text, instant) in [
            ("2026-11-30", "2026-11-30"),
            ("2026-11-30T20:00:00Z", "2026-11-30T20:00:00Z"),
            ("2026-11-30 20:00", "2026-11-30T20:00:00Z"),
            ("2026-11-30T20:00:00.25-05:30", "2026-12-01T01:30:00.250Z"),
            ("2026-11-30 20:00:00+02", "2026-11-30T18:00:00Z"),
            ("2026-12-01t00:30:00+0100", "2026-11-30T23:30:00Z"),
        ] {
            assert_eq!(rule.read(text).as_deref(), Some(instant), "{text}");
        }
        for text in [
            "9999-12-31T23:00:00-05:00",
            "1000-01-01T00:00:00+05:00",
            "2026-11-30T23:59:60Z",
            "2026-11-30T20:00:00+25:00",
            "2026-11-30T20:00:00+1:000",
            "2026-11-30T20:00:00 UTC",
            "2026-11-30T24:00:00Z",
            "2026-11-30T20",
        ] {
            assert_eq!(rule.read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_day_is_no_date() {
        let rule = DateRule::default();
        for text in [
            "",
            "0000-00-00",
            "0000-01-01",
            "0026-06-12",
            "0999-12-31",
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
            assert_eq!(rule.read(text), None, "{text}");
        }
    }

    #[test]
    fn formats_are_attempted_in_order() {
        let formats = ["%d/%m/%Y", "%m/%d/%Y", "%b %d %Y", "%d-%b-%Y"];
        let rule =
            DateRule { year_alone: YearAlone::January1, keeps_time: false, ..instants(&formats) };
        for (text, day) in [
            ("02/03/2020", "2020-03-02"),
            ("02/13/2020", "2020-02-13"),
            ("Jun 12 1998", "1998-06-12"),
            ("1971", "1971-01-01"),
            ("2020-05-06", "2020-05-06"),
        ] {
            assert_eq!(rule.read(text).as_deref(), Some(day), "{text}");
        }
        for text in
            ["30/02/2020", "0000", "0026", "Jun 31 1998", "01/01/0000", "01/01/12020", "12-Jun-26"]
        {
            assert_eq!(rule.read(text), None, "{text}");
        }
        let short = DateRule { keeps_time: false, ..instants(&["%d-%b-%y"]) };
        assert_eq!(short.read("12-Jun-26").as_deref(), Some("2026-06-12"));
    }

    #[test]
    fn a_format_may_have_a_time_and_an_offset() {
        const MAIL: &str = "%a, %d %b %Y %H:%M:%S %z";
        let rule = instants(&[MAIL, "%d.%m.%Y %I:%M %p", "%s", "%d.%m.%Y"]);
        for (text, instant) in [
            ("Mon, 30 Nov 2026 20:00:00 -0500", "2026-12-01T01:00:00Z"),
            ("30.11.2026 08:15 PM", "2026-11-30T20:15:00Z"),
            ("1796068800", "2026-11-30T20:00:00Z"),
            ("30.11.2026", "2026-11-30"),
        ] {
            assert_eq!(rule.read(text).as_deref(), Some(instant), "{text}");
        }
        assert_eq!(rule.read("Mon, 30 Nov 2026 20:00:00 +9900"), None);
        let day = DateRule { keeps_time: false, ..instants(&[MAIL]) };
        let text = "Mon, 30 Nov 2026 20:00:00 -0500";
        assert_eq!(day.read(text).as_deref(), Some("2026-11-30"));
        // A part of a time would be dropped, and a name of a zone means nothing for certain.
        for format in ["%d %b %Y %H", "%d %b %Y %I:%M", "%d %b %Y %H:%M %Z", "%b %Y", "%H:%M", "%Q"]
        {
            assert!(Format::parse(format.to_owned()).is_none(), "{format}");
        }
    }
}
