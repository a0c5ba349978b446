//! The fenced blocks of a Markdown file.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    /// The word after the opening fence.
    pub language: String,
    /// Line of the opening fence.
    pub line: usize,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

impl Block {
    /// Documented output: the lines that are comments as a whole.
    pub(crate) fn expected_output(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix("# ")).collect()
    }
}

/// All fenced blocks of this file, in order.
pub(crate) fn blocks(file: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut all: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                let language = language.trim().to_owned();
                all.push(Block { language, line: number + 1, lines: Vec::new() });
                open = true;
            }
            None if open => all.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!open, "{file}: a block is not closed");
    all
}

/// The command blocks of this file.
pub(crate) fn commands(file: &str) -> Vec<Block> {
    let mut all = blocks(file);
    all.retain(|block| block.language == "sh");
    all
}
