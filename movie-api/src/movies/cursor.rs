//! Where a list continues.

use std::fmt;
use std::str::FromStr;

/// Elasticsearch pages through at most this many films (`index.max_result_window`).
pub(super) const MAX_RESULT_WINDOW: u32 = 10_000;

/// A section of a list. Its text form is the `next` of a response, opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Films to skip.
    pub(super) from: u32,
    /// Films to return at most.
    pub(super) size: u32,
}

impl Section {
    /// The next section, if there are more films and Elasticsearch can page to them.
    pub(super) fn next(self, total: u64) -> Option<Self> {
        let next = Self { from: self.from + self.size, size: self.size };
        let reachable = next.from + next.size <= MAX_RESULT_WINDOW;
        (reachable && u64::from(next.from) < total).then_some(next)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.from, self.size)
    }
}

/// The text is not the `next` of any response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidCursor;

impl FromStr for Section {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (from, size) = text.split_once('.').ok_or(InvalidCursor)?;
        let number = |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| InvalidCursor);
        let section = Self { from: number(from)?, size: number(size)? };
        let reachable = section.size > 0 && section.from + section.size <= MAX_RESULT_WINDOW;
        if reachable { Ok(section) } else { Err(InvalidCursor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_continues_until_its_end() {
        let first = Section { from: 0, size: 12 };
        let next = first.next(13).expect("more");
        assert_eq!(next.to_string().parse(), Ok(next));
        assert_eq!(next.next(24), None);
        assert_eq!(Section { from: 9_000, size: 1_000 }.next(u64::MAX), None);
    }

    #[test]
    fn what_elasticsearch_cannot_page_to_is_invalid() {
        for text in ["", "12", "0.0", "9999.2", "-1.12", "a.b", "70000.1"] {
            assert_eq!(text.parse::<Section>(), Err(InvalidCursor), "{text}");
        }
    }
}
