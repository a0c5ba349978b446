//! Why a line is not imported.

use thiserror::Error;

use super::{film::MAX_ID_BYTES, source::MAX_RECORD_BYTES};

/// The reason. Lines are counted by [`Self::reason`]; the whole text is shown for the first of them.
#[derive(Debug, Error)]
pub(super) enum BadLine {
    #[error("longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    #[error("not UTF-8")]
    Encoding,
    #[error("not a JSON object: {0}")]
    Json(String),
    #[error("the key `{0}` is there twice")]
    KeyTwice(String),
    #[error("not CSV: {0}")]
    Csv(String),
    #[error("{found} cells instead of {expected}")]
    Cells { found: usize, expected: usize },
    #[error("`id` is missing or not a text or number of 1 to {MAX_ID_BYTES} bytes")]
    Id,
    #[error("no id: `{0}` stands for no value")]
    NoId(String),
    #[error("refused by Elasticsearch: {kind}: {reason}")]
    Refused { kind: String, reason: String },
}

impl BadLine {
    /// What lines of one kind have in common.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Json(_) => "not a JSON object".to_owned(),
            Self::KeyTwice(_) => "a key is there twice".to_owned(),
            Self::NoId(_) => "no id: a text that stands for no value".to_owned(),
            Self::Csv(_) => "not CSV".to_owned(),
            Self::Cells { .. } => "not as many cells as the header".to_owned(),
            Self::Refused { kind, .. } => format!("refused by Elasticsearch: {kind}"),
            Self::TooLong | Self::Encoding | Self::Id => self.to_string(),
        }
    }
}
