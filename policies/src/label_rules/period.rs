//! Calendar periods of ISO 8601.

use std::{fmt, str::FromStr};

use chrono::{Days, Months, NaiveDate};
use thiserror::Error;

/// An ISO 8601 period of years, months, weeks and days, such as `P3Y` or `P1Y6M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    months: u32,
    days: u32,
}

/// Why a text is not a valid [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeriodError {
    /// The text does not have the form `P[nY][nM][nW][nD]`.
    #[error(
        "`{0}` is not an ISO 8601 period of years, months, weeks and days, such as P3Y or P1Y6M"
    )]
    Form(String),
    /// The period is zero, or longer than 9999 years.
    #[error("`{0}` is not between one day and 9999 years")]
    Length(String),
}

const MAX_MONTHS: u32 = 9_999 * 12;
const MAX_DAYS: u32 = 9_999 * 366;

impl Period {
    /// The day that is this period after `date`. Months are added first, then days. If the month reached has no
    /// such day, its last one counts: 29 February plus one year is 28 February, as in XML Schema 1.1 part 2
    /// (E.3.3, adding a duration to a date), in PostgreSQL's intervals and in Elasticsearch's date math.
    ///
    /// `None` if the day is beyond chrono's calendar, some 260,000 years from now.
    #[must_use]
    pub fn after(self, date: NaiveDate) -> Option<NaiveDate> {
        date.checked_add_months(Months::new(self.months))?
            .checked_add_days(Days::new(self.days.into()))
    }

    /// A day from which this period leads to `date`, or misses it by the lengths of the months between.
    pub(super) fn before(self, date: NaiveDate) -> Option<NaiveDate> {
        date.checked_sub_days(Days::new(self.days.into()))?
            .checked_sub_months(Months::new(self.months))
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let form = || PeriodError::Form(text.to_owned());
        let length = || PeriodError::Length(text.to_owned());
        let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or_else(form)?;
        let (mut months, mut days) = (0_u32, 0_u32);
        let mut units = "YMWD".chars();
        while !rest.is_empty() {
            let digits =
                rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0).ok_or_else(form)?;
            let (number, tail) = rest.split_at(digits);
            let unit = tail
                .chars()
                .next()
                .filter(|unit| units.any(|next| next == *unit))
                .ok_or_else(form)?;
            rest = tail.strip_prefix(unit).ok_or_else(form)?;
            let number: u32 = number.parse().map_err(|_| length())?;
            let (sum, factor) = match unit {
                'Y' => (&mut months, 12),
                'M' => (&mut months, 1),
                'W' => (&mut days, 7),
                _ => (&mut days, 1),
            };
            *sum =
                number.checked_mul(factor).and_then(|n| sum.checked_add(n)).ok_or_else(length)?;
        }
        let in_range = months <= MAX_MONTHS && days <= MAX_DAYS && months + days > 0;
        if in_range { Ok(Self { months, days }) } else { Err(length()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}M{}D", self.months, self.days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(period: &str, date: &str) -> String {
        let date: NaiveDate = date.parse().unwrap();
        period.parse::<Period>().unwrap().after(date).unwrap().to_string()
    }

    #[test]
    fn periods_follow_the_calendar() {
        assert_eq!(after("P3Y", "2025-03-01"), "2028-03-01");
        assert_eq!(after("P6M", "2025-08-31"), "2026-02-28");
        assert_eq!(after("P1Y", "2024-02-29"), "2025-02-28");
        assert_eq!(after("P4Y", "2024-02-29"), "2028-02-29");
        assert_eq!(after("P30D", "2025-02-15"), "2025-03-17");
        assert_eq!(after("P2W", "2025-12-25"), "2026-01-08");
        assert_eq!(after("P1Y6M", "2025-08-31"), "2027-02-28");
        assert_eq!(after("P1M1D", "2025-01-31"), "2025-03-01");
    }

    #[test]
    fn other_texts_are_not_periods() {
        for text in [
            "", "P", "3Y", "p3y", "PY", "P3", "P3X", "PT1H", "P1DT1H", "P1M1Y", "P1Y1Y", "P-1Y",
            "P1.5Y", "P 1Y",
        ] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::Form(text.to_owned())), "{text}");
        }
        for text in ["P0D", "P0Y0M", "P10000Y", "P99999999999D", "P4000000000W"] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::Length(text.to_owned())), "{text}");
        }
    }
}
