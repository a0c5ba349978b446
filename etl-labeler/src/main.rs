//! etl-labeler
fn main() {}
