//! The program; everything it does is in the library.

use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match runtime().enable_all().build() {
        Ok(runtime) => runtime.block_on(movie_api::start()),
        Err(error) => {
            service::output::report(format_args!("cannot start threads: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Half of the cores. A request is mostly waiting for Elasticsearch, often on the same machine, and each answer would
/// wake up a further thread that finds nothing to do: on two cores that takes a tenth of a film's time.
/// One thread needs no scheduler for several, which saves another 7 % of the CPU time.
fn runtime() -> Builder {
    if std::env::var_os("TOKIO_WORKER_THREADS").is_some() {
        return Builder::new_multi_thread();
    }
    match available_parallelism().map_or(1, NonZero::get).div_ceil(2) {
        1 => Builder::new_current_thread(),
        workers => {
            let mut runtime = Builder::new_multi_thread();
            runtime.worker_threads(workers);
            runtime
        }
    }
}
