//! Exit codes, the same for every program. The README has the table for operators.

use std::process::ExitCode;

/// How a program ended. Named after `sysexits.h` where that has a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or stopped by a signal after open requests were finished.
    Success,
    /// 1: the command ran and failed.
    Failure,
    /// 2: the arguments or the settings are invalid; nothing was attempted.
    Usage,
    /// 3: a safety limit stopped the command before it changed anything.
    SafetyLimit,
    /// 65 (`EX_DATAERR`): done, except for input that was rejected.
    RejectedInput,
    /// 69 (`EX_UNAVAILABLE`): a service that this program needs is unavailable.
    Unavailable,
}

impl Exit {
    /// The code that the operating system sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::SafetyLimit => 3,
            Self::RejectedInput => 65,
            Self::Unavailable => 69,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
