//! What every program says about its own command line: completions for shells, and manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;

use crate::output::{self, OutputError};

/// Commands that need no settings and no store.
#[derive(Debug, Subcommand)]
pub enum About {
    /// Print a script that completes commands and options in a shell
    #[command(
        after_help = "For bash: PROGRAM completions bash >~/.local/share/bash-completion/completions/PROGRAM"
    )]
    Completions {
        /// The shell that runs the script
        shell: Shell,
    },
    /// Print the manual page, or write one for each command into a directory
    #[command(after_help = "To read it: PROGRAM man | man -l -")]
    Man {
        /// Directory for the pages, such as ~/.local/share/man/man1; it is created if it does not exist
        directory: Option<PathBuf>,
    },
}

impl About {
    /// Prints what was asked for about the command line `C`.
    ///
    /// # Errors
    /// Standard output, or the directory, cannot be written.
    pub fn print<C: CommandFactory>(&self) -> Result<(), OutputError> {
        match self {
            Self::Completions { shell } => print_completions(*shell, C::command()),
            Self::Man { directory: None } => print_page(C::command()),
            Self::Man { directory: Some(directory) } => write_pages(directory, C::command()),
        }
    }
}

fn print_completions(shell: Shell, mut command: clap::Command) -> Result<(), OutputError> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut script);
    output::print(String::from_utf8_lossy(&script).trim_end())
}

fn print_page(command: clap::Command) -> Result<(), OutputError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(OutputError::Incomplete)?;
    output::print(String::from_utf8_lossy(&page).trim_end())
}

fn write_pages(directory: &Path, command: clap::Command) -> Result<(), OutputError> {
    fs::create_dir_all(directory).map_err(OutputError::Incomplete)?;
    clap_mangen::generate_to(command, directory).map_err(OutputError::Incomplete)
}
