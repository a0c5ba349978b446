//! Programs of peers.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// The version that a program prints: the first word with three numbers.
pub(crate) fn version(program: &Path, argument: &str) -> anyhow::Result<String> {
    let output = Command::new(program)
        .arg(argument)
        .output()
        .with_context(|| program.display().to_string())?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let is_version = |word: &&str| {
        word.split('.').count() == 3 && word.split('.').all(|part| part.parse::<u32>().is_ok())
    };
    let mut words = text.split_whitespace().map(|word| word.trim_matches(['v', '`', ',', '"']));
    Ok(words.find(is_version).unwrap_or("of an unknown version").to_owned())
}

/// A file for what a server logs.
pub(crate) fn log_to(folder: &Path, name: &str) -> anyhow::Result<File> {
    Ok(File::create(folder.join(format!("{name}.log")))?)
}
