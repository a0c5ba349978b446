//! When a label is active: intervals of time, what is known about them, and where they come from.

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};

use super::Period;

/// An interval of time, `from ≤ t < until`, in whole seconds; a missing bound is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interval {
    /// The first second.
    pub from: Option<DateTime<Utc>>,
    /// The second after the last.
    pub until: Option<DateTime<Utc>>,
}

/// The whole of time.
pub(super) const ALWAYS: Interval = Interval { from: None, until: None };

impl Interval {
    /// The common part; `None` if there is none.
    fn and(self, other: Self) -> Option<Self> {
        let from = self.from.max(other.from);
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let empty = matches!((from, until), (Some(from), Some(until)) if from >= until);
        (!empty).then_some(Self { from, until })
    }

    /// The smallest interval that contains both.
    fn or(self, other: Self) -> Self {
        let from = self.from.zip(other.from).map(|(a, b)| a.min(b));
        Self { from, until: self.until.zip(other.until).map(|(a, b)| a.max(b)) }
    }
}

/// When a label is active, as far as it is known: certainly at least during `certain`, and at most during
/// `possible`. `None` is "never". The film gets the label for the time that is possible, because a label
/// restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) possible: Option<Interval>,
    pub(super) certain: Option<Interval>,
}

impl Activity {
    pub(super) const NEVER: Self = Self { possible: None, certain: None };

    /// Both are active.
    pub(super) fn and(self, other: Self) -> Self {
        let both = |a: Option<Interval>, b: Option<Interval>| a?.and(b?);
        Self {
            possible: both(self.possible, other.possible),
            certain: both(self.certain, other.certain),
        }
    }

    /// At least one is active.
    pub(super) fn or(self, other: Self) -> Self {
        let either = |a: Option<Interval>, b: Option<Interval>| match (a, b) {
            (Some(a), Some(b)) => Some(a.or(b)),
            (a, b) => a.or(b),
        };
        Self {
            possible: either(self.possible, other.possible),
            certain: either(self.certain, other.certain),
        }
    }

    /// It is not active. An interval with two bounds, whose complement is not an interval, is excluded when
    /// the rules are parsed.
    pub(super) fn not(self) -> Self {
        let complement = |interval: Option<Interval>| match interval {
            None => Some(ALWAYS),
            Some(Interval { from: None, until: None }) => None,
            Some(Interval { from, until }) => Some(Interval { from: until, until: from }),
        };
        Self { possible: complement(self.certain), certain: complement(self.possible) }
    }
}

/// The validity period of a label, from dates of the film.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validity {
    /// The date field at which it starts.
    pub from: Option<String>,
    /// Where it ends.
    pub end: Option<End>,
}

/// The end of a validity period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// At 00:00 UTC, a calendar period after the date in a field: `within`.
    Within {
        /// Name of the date field.
        field: String,
        /// Time from that date to the end.
        period: Period,
    },
    /// At the date in a field: `until`.
    Field(String),
}

/// The earliest and the latest value of a date field of a film.
pub type Dates = (DateTime<Utc>, DateTime<Utc>);

impl Validity {
    /// The date fields that it is computed from.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.from.as_deref().into_iter().chain(self.end.as_ref().map(End::field))
    }

    /// When the label is active for a film with these dates. A missing date leaves its bound unknown, and
    /// dates in the wrong order both.
    pub(super) fn activity(&self, dates: &impl Fn(&str) -> Option<Dates>) -> Activity {
        let from = self.from.as_deref().map_or(Bound::None, |field| {
            dates(field).map_or(Bound::Unknown, |(earliest, _)| start(earliest))
        });
        let until = self.end.as_ref().map_or(Bound::None, |end| {
            dates(end.field()).map_or(Bound::Unknown, |(_, latest)| end.instant(latest))
        });
        let possible = ALWAYS.and(Interval { from: from.known(), until: until.known() });
        let certain = possible.filter(|_| from != Bound::Unknown && until != Bound::Unknown);
        Activity { possible: possible.or(Some(ALWAYS)), certain }
    }
}

/// One end of a validity period for one film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// There is none, or it is beyond the years that the index can store.
    None,
    Unknown,
    At(DateTime<Utc>),
}

impl Bound {
    fn known(self) -> Option<DateTime<Utc>> {
        if let Self::At(instant) = self { Some(instant) } else { None }
    }
}

impl End {
    /// The date field that it is computed from.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Within { field, .. } | Self::Field(field) => field,
        }
    }

    /// A part of a second counts as a whole one: the label is kept rather than lost.
    fn instant(&self, date: DateTime<Utc>) -> Bound {
        let end = match self {
            Self::Within { period, .. } => period.after(date.date_naive()).map(midnight),
            Self::Field(_) if date.timestamp_subsec_nanos() == 0 => Some(date),
            Self::Field(_) => date.trunc_subsecs(0).checked_add_signed(TimeDelta::seconds(1)),
        };
        let end = end.filter(|end| *end <= last_second());
        end.map_or(Bound::None, |end| Bound::At(end.max(midnight(first_day()))))
    }
}

/// A start after the year 9999 is unknown, since the index cannot store it and the label must not be lost.
fn start(date: DateTime<Utc>) -> Bound {
    match date.trunc_subsecs(0) {
        date if date > last_second() => Bound::Unknown,
        date if date < midnight(first_day()) => Bound::None,
        date => Bound::At(date),
    }
}

pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(0, 1, 1).unwrap_or(NaiveDate::MIN)
}

fn last_second() -> DateTime<Utc> {
    let last_day = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
    midnight(last_day) + TimeDelta::seconds(86_399)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// `from`, `until` of the possible period, and whether it is certain.
    fn embargo(from: Option<&str>, until: Option<&str>) -> (Option<String>, Option<String>, bool) {
        let validity =
            Validity { from: Some("from".to_owned()), end: Some(End::Field("until".to_owned())) };
        let dates = |field: &str| {
            let date = at(if field == "from" { from } else { until }?);
            Some((date, date))
        };
        let Activity { possible, certain } = validity.activity(&dates);
        let possible = possible.unwrap();
        let text =
            |instant: Option<DateTime<Utc>>| instant.map(|at| at.format("%FT%TZ").to_string());
        (text(possible.from), text(possible.until), certain == Some(possible))
    }

    #[test]
    fn missing_or_contradictory_dates_keep_the_label() {
        let (a, b) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(embargo(Some(a), Some(b)), (owned(a), owned(b), true));
        assert_eq!(embargo(None, Some(b)), (None, owned(b), false));
        assert_eq!(embargo(Some(a), None), (owned(a), None, false));
        assert_eq!(embargo(None, None), (None, None, false));
        assert_eq!(embargo(Some(b), Some(a)), (None, None, false));
        assert_eq!(embargo(Some(a), Some(a)), (None, None, false));
    }

    #[test]
    fn a_part_of_a_second_counts_as_a_whole_one() {
        let (from, until, _) =
            embargo(Some("2026-01-01T00:00:00.9Z"), Some("2026-01-01T00:00:00.91Z"));
        assert_eq!(from.as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(until.as_deref(), Some("2026-01-01T00:00:01Z"));
    }

    #[test]
    fn dates_that_the_index_cannot_store_keep_the_label() {
        let unbounded = (None, None, true);
        assert_eq!(
            embargo(Some("-0001-01-01T00:00:00Z"), Some("+10000-01-01T00:00:00Z")),
            unbounded
        );
        let (from, until, certain) =
            embargo(Some("+10000-01-01T00:00:00Z"), Some("+10001-01-01T00:00:00Z"));
        assert_eq!((from, until, certain), (None, None, false));
    }

    #[test]
    fn within_ends_at_midnight_utc_and_never_after_the_year_9999() {
        let validity = Validity {
            from: None,
            end: Some(End::Within { field: "d".to_owned(), period: "P3Y".parse().unwrap() }),
        };
        let until =
            |date: DateTime<Utc>| validity.activity(&|_| Some((date, date))).certain.unwrap().until;
        assert_eq!(until(at("2025-03-01T23:59:59Z")), Some(at("2028-03-01T00:00:00Z")));
        assert!(until(at("9996-12-31T00:00:00Z")).is_some());
        assert_eq!(until(at("9997-01-01T00:00:00Z")), None);
        assert_eq!(until(DateTime::<Utc>::MAX_UTC), None);
        assert_eq!(until(DateTime::<Utc>::MIN_UTC), Some(at("0000-01-01T00:00:00Z")));
    }
}
