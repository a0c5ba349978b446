//! auth-server
fn main() {}
