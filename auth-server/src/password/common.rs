//! Common passwords: the ones that attackers try first, as leaks show. They are refused whatever
//! else makes them look strong.

use std::collections::HashSet;
use std::sync::LazyLock;

/// One a line, lower case, after a header of lines that begin with `# `.
const LIST: &str = include_str!("common.txt");

/// The words point into the program itself; the set takes about 400 KB, from its first use on.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| words().collect());

fn words() -> impl Iterator<Item = &'static str> {
    LIST.lines().filter(|line| !line.starts_with("# "))
}

/// Whether a password is on the list: in any case, and as it is or with only its alphanumeric
/// characters.
pub(super) fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let bare: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    COMMON.contains(&*folded) || COMMON.contains(&*bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_and_lower_case_without_duplicates() {
        assert!(words().count() > 10_000);
        assert_eq!(words().count(), COMMON.len());
        assert!(words().all(|word| word.len() >= 8 && word == word.to_lowercase()));
    }

    #[test]
    fn every_word_of_the_list_is_common_and_nothing_else() {
        for word in words() {
            assert!(is_common(word), "{word}");
        }
        for word in ["", "a", "correct horse battery staple 17", "~~~~~~~~~~"] {
            assert!(!is_common(word), "{word}");
        }
        for comment in LIST.lines().take_while(|line| line.starts_with("# ")) {
            assert!(!is_common(comment), "{comment}");
        }
    }

    #[test]
    fn case_and_punctuation_do_not_hide_a_common_password() {
        for word in
            ["PassWord1", "iloveyou!!", "May the Force be with you", "P@ssw0rd", "Qwerty-123"]
        {
            assert!(is_common(word), "{word}");
        }
    }
}
