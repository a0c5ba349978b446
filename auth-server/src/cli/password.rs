//! Asking a person, or a program, for a new password.

use std::io::{BufRead, IsTerminal, stdin};

use zeroize::Zeroizing;

use super::Failure;
use crate::password::Password;

/// Longest first line that is read, in bytes.
const LONGEST: u64 = 4 << 10;

/// A new password: typed twice, unseen, on a terminal; else the first line of standard input.
pub(crate) fn ask() -> Result<Password, Failure> {
    if stdin().is_terminal() { typed_twice() } else { first_line(stdin().lock()) }
}

fn typed_twice() -> Result<Password, Failure> {
    let prompt = |text| rpassword::prompt_password(text).map(Zeroizing::new);
    let first = prompt("Password: ").map_err(Failure::because)?;
    let second = prompt("Again: ").map_err(Failure::because)?;
    if first != second {
        return Err(Failure::because("the two passwords differ; nothing was done"));
    }
    Ok(Password::from(first.to_string()))
}

fn first_line(input: impl BufRead) -> Result<Password, Failure> {
    let mut line = Zeroizing::new(String::new());
    input.take(LONGEST).read_line(&mut line).map_err(Failure::because)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::because("no password: the first line of standard input is empty"));
    }
    Ok(Password::from(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn the_first_line_is_the_password_without_its_end() {
        for input in ["pass word \r\nmore", "pass word \n", "pass word "] {
            assert_eq!(first_line(input.as_bytes()).expect("read").expose(), "pass word ");
        }
    }

    #[test]
    fn no_first_line_is_no_password() {
        assert!(first_line("\nsecond".as_bytes()).is_err());
        assert!(first_line(&b""[..]).is_err());
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }
}
