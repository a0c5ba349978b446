//! The program `auth-server`; everything it does is in the library.

/// Requests of thousands of callers leave many small gaps, through which libc's allocator walks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    auth_server::cli::run().await
}
