//! movie-api
fn main() {}
