//! Passwords that whoever guesses tries first, as leaks show. They are refused by name, whatever
//! else makes them look strong.

/// One a line, sorted by bytes, after some lines of comment.
const LIST: &str = include_str!("common.txt");

/// True for a password of the list, in any case, with anything but letters and digits around it or
/// in between.
pub(crate) fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let bare: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    contains(&folded) || contains(&bare)
}

/// Halves the text until one line is left: no second copy of the list, no work at the start.
fn contains(word: &str) -> bool {
    let mut rest = LIST;
    while !rest.is_empty() {
        let middle = rest.floor_char_boundary(rest.len() / 2);
        let (before, after) = rest.split_at(middle);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = after.find('\n').map_or(rest.len(), |end| middle + end);
        let line = rest.get(start..end).unwrap_or_default();
        rest = match line.cmp(word) {
            _ if line.starts_with("# ") => rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Greater => rest.get(..start.saturating_sub(1)).unwrap_or_default(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> impl Iterator<Item = &'static str> + Clone {
        LIST.lines().filter(|line| !line.starts_with("# "))
    }

    #[test]
    fn the_list_is_sorted_folded_and_long() {
        assert!(lines().is_sorted_by(|a, b| a < b));
        assert!(lines().count() > 10_000);
        assert!(lines().all(|line| line.len() >= 8 && line == line.to_lowercase()));
    }

    #[test]
    fn each_of_the_list_is_found_and_nothing_else() {
        for line in lines() {
            assert!(contains(line), "{line}");
            assert!(!contains(&format!("{line}\u{1}")), "{line}");
        }
        for word in ["", "a", "correct horse battery staple 17", "~~~~~~~~~~"] {
            assert!(!is_common(word), "{word}");
        }
        for comment in LIST.lines().take_while(|line| line.starts_with("# ")) {
            assert!(!contains(comment), "{comment}");
        }
    }

    #[test]
    fn case_and_decoration_don_t_hide_one() {
        for word in
            ["PassWord1", "iloveyou!!", "May the Force be with you", "P@ssw0rd", "Qwerty-123"]
        {
            assert!(is_common(word), "{word}");
        }
    }
}
