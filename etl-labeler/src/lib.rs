//! etl-labeler
