//! The program `auth-server`; everything it does is in the library.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    auth_server::cli::run().await
}
