//! Whether a new password is good enough, and what to do where it isn't.

use zxcvbn::{Score, zxcvbn};

use super::common;
use super::hasher::BUSY;
use super::secret::Password;
use crate::http::problem::{Problem, Spec};

const REJECTED: Spec = Spec::new(422, "password_rejected", "The password is not good enough.");

/// What setting a password can answer.
pub(crate) const NEW_PASSWORD: &[Spec] = &[REJECTED, BUSY];

/// Most characters of a password: enough for every sentence, too few to keep a server busy.
const LONGEST: usize = 128;

/// What zxcvbn takes for letters, each kind for each letter that it may stand for. With many kinds in
/// a long password it would try for a second.
const LIKE_LETTERS: &str = "4@8({[<369!|1075$+%2";
/// So many kinds are tried in a password of any length.
const KINDS: usize = 5;
/// Of a password with more kinds so many characters are judged: it is worth no less than they are.
const JUDGED: usize = 24;

/// Fewest characters of a password.
#[derive(Clone, Copy, Debug)]
pub struct Shortest {
    /// Of any password.
    pub any: usize,
    /// Of one that stands alone, without a second factor.
    pub alone: usize,
}

/// A password that somebody wants to have.
#[derive(Debug)]
pub(crate) struct NewPassword {
    /// The password.
    pub password: Password,
    /// The input field that it came in.
    pub field: &'static str,
    /// Login, names and address of its owner, which a stranger would try first.
    pub own_words: Vec<String>,
    /// Its owner has to show a second factor besides it.
    pub second_factor: bool,
}

impl NewPassword {
    /// Refuses what is too short or too long. Costs nothing.
    pub(crate) fn check_length(&self, shortest: Shortest) -> Result<(), Problem> {
        let Shortest { any, alone } = shortest;
        let shortest = if self.second_factor { any } else { any.max(alone) };
        let length = self.password.expose().chars().count();
        if length < shortest && length >= any {
            return Err(self.rejected(format!(
                "Take at least {shortest} characters: without a second factor {any} are not enough."
            )));
        }
        if length < shortest {
            return Err(self.rejected(format!("Take at least {shortest} characters.")));
        }
        if length > LONGEST {
            return Err(self.rejected(format!("Take at most {LONGEST} characters.")));
        }
        Ok(())
    }

    /// Refuses what is easy to guess. Costs milliseconds.
    pub(crate) fn check_strength(&self) -> Result<(), Problem> {
        if common::is_common(self.password.expose()) {
            return Err(self.rejected(
                "Take another one: this is one of the passwords that everybody tries first. Four \
                 words that don't belong together are good.",
            ));
        }
        let own_words = parts(&self.own_words);
        let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
        let estimate = zxcvbn(judged(self.password.expose()), &own_words);
        if estimate.score() >= Score::Three {
            return Ok(());
        }
        let feedback = estimate.feedback();
        let warning = feedback.and_then(zxcvbn::feedback::Feedback::warning);
        let advice = feedback.map(zxcvbn::feedback::Feedback::suggestions).unwrap_or_default();
        let mut sentences: Vec<String> = warning.iter().map(ToString::to_string).collect();
        sentences.extend(advice.iter().map(ToString::to_string));
        if sentences.is_empty() {
            sentences
                .push("Make it longer: four words that don't belong together are good.".into());
        }
        Err(self.rejected(sentences.join(" ")))
    }

    fn rejected(&self, detail: impl Into<String>) -> Problem {
        Problem::new(REJECTED).field(self.field).detail(detail)
    }
}

/// As much of a password as can be judged in milliseconds.
fn judged(password: &str) -> &str {
    let kinds = LIKE_LETTERS.chars().filter(|kind| password.contains(*kind)).count();
    match password.char_indices().nth(JUDGED) {
        Some((end, _)) if kinds > KINDS => password.get(..end).unwrap_or(password),
        _ => password,
    }
}

/// The words, and the parts that they are made of: `jane.doe@example.com` has both its sides and
/// their four words.
fn parts(words: &[String]) -> Vec<String> {
    let split = |word: &String| {
        word.split(|c: char| !c.is_alphanumeric())
            .filter(|part| part.chars().count() > 2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let sides = words.iter().flat_map(|word| word.split('@')).map(str::to_owned);
    words.iter().cloned().chain(sides).chain(words.iter().flat_map(split)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), Problem> {
        let own_words = vec!["thaddeusblack".into(), "thaddeus@blackwater-example.com".into()];
        let password = password.to_owned().into();
        let new = NewPassword { password, field: "password", own_words, second_factor: false };
        new.check_length(Shortest { any: 8, alone: 8 }).and_then(|()| new.check_strength())
    }

    #[test]
    fn good_passwords_are_taken() {
        for good in ["correct horse battery staple", "vT7#qpL2!x", "ぬるぽガッと言われた朝に走る"]
        {
            assert!(judge(good).is_ok(), "{good}");
        }
        assert!(judge(&"aK9$ü ".repeat(21)).is_ok());
    }

    #[test]
    fn what_is_easy_to_guess_is_rejected_with_what_to_do() {
        for bad in ["password123", "qwertyuiop", "aaaaaaaaaaaa", "thaddeusblack", "blackwater1"] {
            let problem = judge(bad).expect_err(bad);
            assert_eq!((problem.status, problem.code), (422, "password_rejected"));
            assert!(problem.detail.is_some_and(|detail| detail.len() > 10), "{bad}");
        }
    }

    #[test]
    fn without_a_second_factor_it_may_have_to_be_longer() {
        let shortest = Shortest { any: 8, alone: 15 };
        let judge = |password: &str, second_factor| {
            let password = password.to_owned().into();
            let new = NewPassword { password, field: "password", own_words: vec![], second_factor };
            new.check_length(shortest).map_err(|problem| problem.detail.unwrap_or_default())
        };
        assert!(judge("fourteen chars", true).is_ok());
        assert!(judge("fifteen chars 1", false).is_ok());
        let alone = "Take at least 15 characters: without a second factor 8 are not enough.";
        assert_eq!(judge("fourteen chars", false), Err(alone.to_owned()));
        assert!(judge("seven c", true).is_err());
    }

    #[test]
    fn only_a_long_password_with_many_kinds_of_symbols_is_not_judged_whole() {
        let many = LIKE_LETTERS.repeat(6);
        for whole in ["correct horse battery staple", &"é4$!".repeat(30), LIKE_LETTERS] {
            assert_eq!(judged(whole), whole);
        }
        assert_eq!(judged(&many).chars().count(), 24);
        assert_eq!(judged(&format!("{}{many}", "é".repeat(23))), format!("{}4", "é".repeat(23)));
        assert!(judge(&many[..128.min(many.len())]).is_ok());
        assert!(judge(&format!("{}{LIKE_LETTERS}", "a".repeat(24))).is_err());
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(judge("vT7#qpL").is_err());
        assert!(judge(&"é".repeat(129)).is_err());
        let detail = judge("").expect_err("empty").detail;
        assert_eq!(detail.as_deref(), Some("Take at least 8 characters."));
    }
}
