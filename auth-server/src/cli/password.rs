//! Reading a new password from a terminal or standard input.

use std::io::{BufRead, IsTerminal, stdin};

use zeroize::Zeroizing;

use super::Failure;
use crate::password::Password;

/// Maximum length of the line, in bytes.
const MAX_LENGTH: u64 = 4 << 10;

/// A new password: typed twice without echo on a terminal, otherwise the first line of standard input.
pub(crate) fn ask() -> Result<Password, Failure> {
    if stdin().is_terminal() { typed_twice() } else { first_line(stdin().lock()) }
}

fn typed_twice() -> Result<Password, Failure> {
    let prompt = |text| rpassword::prompt_password(text).map(Zeroizing::new);
    let first = prompt("Password: ").map_err(Failure::because)?;
    let second = prompt("Again: ").map_err(Failure::because)?;
    if first != second {
        return Err(Failure::because("the passwords differ; nothing was changed"));
    }
    Ok(Password::from(first.to_string()))
}

fn first_line(input: impl BufRead) -> Result<Password, Failure> {
    let mut line = Zeroizing::new(String::new());
    input.take(MAX_LENGTH).read_line(&mut line).map_err(Failure::because)?;
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
    fn the_password_is_the_first_line_without_its_line_break() {
        for input in ["pass word \r\nmore", "pass word \n", "pass word "] {
            assert_eq!(first_line(input.as_bytes()).expect("read").expose(), "pass word ");
        }
    }

    #[test]
    fn an_empty_first_line_is_rejected() {
        assert!(first_line("\nsecond".as_bytes()).is_err());
        assert!(first_line(&b""[..]).is_err());
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }
}
