//! Requirements for new passwords: length, and resistance to guessing.

use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use super::common;
use super::hasher::BUSY;
use super::secret::Password;
use crate::config::PasswordConfig;
use crate::http::problem::{Problem, Spec};

const REJECTED: Spec = Spec::new(422, "password_rejected", "The password is not good enough.");

/// Problems of setting a password.
pub(crate) const NEW_PASSWORD: &[Spec] = &[REJECTED, BUSY];

/// Maximum length of a password in characters: enough for a sentence, too short to keep a server busy.
const MAX_LENGTH: usize = 128;

/// Only a prefix of this many characters is estimated; the whole password is at least as strong.
const ESTIMATED_LENGTH: usize = 64;

/// For each of twelve letters, from `a` to `z`, the characters that zxcvbn reads as a substitute for
/// it. A password with many of them has hundreds of readings, which would take zxcvbn a second.
const SUBSTITUTES: [&str; 12] =
    ["4@", "8", "({[<", "3", "69", "1!|", "1|7", "0", "$5", "+7", "%", "2"];

/// Readings that are estimated. Digits alone have four.
const MAX_READINGS: usize = 8;

/// Maximum number of the user's own words that a password is compared with.
const MAX_OWN_WORDS: usize = 64;

/// Minimum length of a new password, in characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MinLength {
    /// Of any password.
    pub any: usize,
    /// Of a password without a second factor.
    pub single_factor: usize,
}

impl MinLength {
    /// The minimum length that these settings ask for.
    pub(crate) fn new(config: &PasswordConfig) -> Self {
        Self { any: config.min_length(), single_factor: config.min_length_single_factor() }
    }
}

/// A new password, with what it is judged by.
#[derive(Debug)]
pub(crate) struct NewPassword {
    /// The password.
    pub password: Password,
    /// The request field that it was sent in.
    pub field: &'static str,
    /// Login, names and e-mail address of the user, which an attacker would try first.
    pub own_words: Vec<String>,
    /// Whether the user has a second factor.
    pub second_factor: bool,
}

impl NewPassword {
    /// Rejects a password that is too short or too long. Costs nothing.
    pub(crate) fn check_length(&self, min_length: MinLength) -> Result<(), Problem> {
        let MinLength { any, single_factor } = min_length;
        let min = if self.second_factor { any } else { any.max(single_factor) };
        let length = self.password.expose().chars().count();
        if length < min && length >= any {
            return Err(self.rejected(format!(
                "Use at least {min} characters; {any} are enough only with a second factor."
            )));
        }
        if length < min {
            return Err(self.rejected(format!("Use at least {min} characters.")));
        }
        if length > MAX_LENGTH {
            return Err(self.rejected(format!("Use at most {MAX_LENGTH} characters.")));
        }
        Ok(())
    }

    /// Rejects a password that is easy to guess. Costs milliseconds.
    pub(crate) fn check_strength(&self) -> Result<(), Problem> {
        if common::is_common(self.password.expose()) {
            return Err(self.rejected(
                "This is one of the passwords that attackers try first. Use a different one, for \
                 example four unrelated words.",
            ));
        }
        let own_words = parts(&self.own_words);
        let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
        let estimate = zxcvbn(&estimated(self.password.expose()), &own_words);
        if estimate.score() >= Score::Three {
            return Ok(());
        }
        let mut sentences: Vec<String> = Vec::new();
        if let Some(feedback) = estimate.feedback() {
            sentences.extend(feedback.warning().iter().map(ToString::to_string));
            sentences.extend(feedback.suggestions().iter().map(ToString::to_string));
        }
        if sentences.is_empty() {
            sentences.push("Make it longer, for example four unrelated words.".into());
        }
        Err(self.rejected(sentences.join(" ")))
    }

    fn rejected(&self, detail: impl Into<String>) -> Problem {
        Problem::new(REJECTED).field(self.field).detail(detail)
    }
}

/// What can be estimated of a password in milliseconds: its beginning, with symbols that would give it
/// too many readings replaced by others that have none.
fn estimated(password: &str) -> Zeroizing<String> {
    let beginning = || password.chars().take(ESTIMATED_LENGTH);
    // Digits are kept: they may be a date or a sequence, which a symbol cannot be.
    let (mut kept, symbols): (Vec<char>, Vec<char>) =
        beginning().filter(|c| is_substitute(*c)).partition(char::is_ascii_digit);
    for symbol in symbols {
        if !kept.contains(&symbol) {
            kept.push(symbol);
            if readings(&kept) > MAX_READINGS {
                kept.pop();
            }
        }
    }
    let replaced = |c: char| if is_substitute(c) && !kept.contains(&c) { unread(c) } else { c };
    Zeroizing::new(beginning().map(replaced).collect())
}

fn is_substitute(c: char) -> bool {
    SUBSTITUTES.iter().any(|substitutes| substitutes.contains(c))
}

/// In how many ways these substitutes can be read.
fn readings(substitutes: &[char]) -> usize {
    let of_letter = |letter: &str| letter.chars().filter(|c| substitutes.contains(c)).count();
    SUBSTITUTES.iter().map(|letter| of_letter(letter).max(1)).product()
}

/// A character of its own for each symbol, from the private use area: no word contains it.
fn unread(symbol: char) -> char {
    char::from_u32(0xE000 + u32::from(symbol)).unwrap_or(symbol)
}

/// The words and their parts: of `jane.doe@example.com` both sides of the `@`, and their four words.
fn parts(words: &[String]) -> Vec<String> {
    let split = |word: &String| {
        word.split(|c: char| !c.is_alphanumeric())
            .filter(|part| part.chars().count() > 2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let sides = words.iter().flat_map(|word| word.split('@')).map(str::to_owned);
    let parts = words.iter().flat_map(split);
    words.iter().cloned().chain(sides).chain(parts).take(MAX_OWN_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), Problem> {
        let own_words = vec!["thaddeusblack".into(), "thaddeus@blackwater-example.com".into()];
        let password = password.to_owned().into();
        let new = NewPassword { password, field: "password", own_words, second_factor: false };
        new.check_length(MinLength { any: 8, single_factor: 8 }).and_then(|()| new.check_strength())
    }

    #[test]
    fn strong_passwords_are_accepted() {
        for good in ["correct horse battery staple", "vT7#qpL2!x", "ぬるぽガッと言われた朝に走る"]
        {
            assert!(judge(good).is_ok(), "{good}");
        }
        assert!(judge(&"aK9$ü ".repeat(21)).is_ok());
    }

    #[test]
    fn passwords_that_are_easy_to_guess_are_rejected_with_advice() {
        for bad in ["password123", "qwertyuiop", "aaaaaaaaaaaa", "thaddeusblack", "blackwater1"] {
            let problem = judge(bad).expect_err(bad);
            assert_eq!((problem.status, problem.code), (422, "password_rejected"));
            assert!(problem.detail.is_some_and(|detail| detail.len() > 10), "{bad}");
        }
    }

    #[test]
    fn without_a_second_factor_a_password_may_have_to_be_longer() {
        let min_length = MinLength { any: 8, single_factor: 15 };
        let judge = |password: &str, second_factor| {
            let password = password.to_owned().into();
            let new = NewPassword { password, field: "password", own_words: vec![], second_factor };
            new.check_length(min_length).map_err(|problem| problem.detail.unwrap_or_default())
        };
        assert!(judge("fourteen chars", true).is_ok());
        assert!(judge("fifteen chars 1", false).is_ok());
        let longer = "Use at least 15 characters; 8 are enough only with a second factor.";
        assert_eq!(judge("fourteen chars", false), Err(longer.to_owned()));
        assert!(judge("seven c", true).is_err());
    }

    #[test]
    fn the_cost_of_an_estimate_is_bounded() {
        for whole in ["correct horse battery staple", &"é4$!".repeat(16), "1234567890", "P@$$w0rd!"]
        {
            assert_eq!(*estimated(whole), whole);
        }
        let many = "4@8({[<3691!|7105$+%2".repeat(6);
        let estimated_part = estimated(&many);
        assert_eq!(estimated_part.chars().count(), ESTIMATED_LENGTH);
        assert!(readings(&estimated_part.chars().collect::<Vec<_>>()) <= MAX_READINGS);
        assert!(judge(&many[..21]).is_ok() && judge(&many[..126]).is_ok());
        assert!(judge(&format!("{}({{[<", "a".repeat(64))).is_err());
        let words: Vec<String> = (0..1_000).map(|number| format!("word-{number}")).collect();
        assert_eq!(parts(&words).len(), MAX_OWN_WORDS);
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(judge("vT7#qpL").is_err());
        assert!(judge(&"é".repeat(129)).is_err());
        let detail = judge("").expect_err("empty").detail;
        assert_eq!(detail.as_deref(), Some("Use at least 8 characters."));
    }
}
