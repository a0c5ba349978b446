//! What commands print. `println!` panics at a closed pipe and on a full disk.

use std::fmt::Display;
use std::io::{Error, ErrorKind, Write, stderr, stdout};

use serde::Serialize;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// What the command did is done.
    #[error("the command ran, but its output cannot be written: {0}")]
    Incomplete(#[source] Error),
    /// What can be seen only once was not seen, so it must not be kept.
    #[error("nothing was created, because standard output cannot be written: {0}")]
    Unseen(#[source] Error),
}

/// Prints a line. A reader that has closed the pipe wants no more of it, which is not an error.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(line: impl Display) -> Result<(), OutputError> {
    match write(&format!("{line}\n")) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(OutputError::Incomplete),
    }
}

/// Prints a value as JSON, for programs and for eyes.
///
/// # Errors
/// Standard output cannot be written.
pub fn print_json(value: &impl Serialize) -> Result<(), OutputError> {
    let text = serde_json::to_string_pretty(value);
    print(text.map_err(|error| OutputError::Incomplete(error.into()))?)
}

/// Prints text that is shown only once, such as a secret. Call it before what the text belongs to is
/// committed.
///
/// # Errors
/// Standard output cannot be written, or its reader has closed the pipe.
pub fn print_once(text: impl Display) -> Result<(), OutputError> {
    write(&format!("{text}\n")).map_err(OutputError::Unseen)
}

/// Prints a line to standard error, after which there is nowhere to report a failure.
pub fn report(line: impl Display) {
    let _unreported = stderr().write_all(format!("{line}\n").as_bytes());
}

/// In one piece, and flushed: what is still in a buffer when the process ends fails silently.
fn write(text: &str) -> std::io::Result<()> {
    let mut output = stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}
