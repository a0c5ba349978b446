# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# `./dev bench NAME`: the benchmarks of bench/ and policies/benches, on release builds.

bench_names() { echo 'check, peers, write, login, refresh, history, flood, etl, movies, policies'; }

bench() {
    local name=${1:-} services=(postgres redis) peers=()
    case $name in
    check) install_for_bench wrk taskset ;;
    peers)
        install_for_bench wrk taskset
        install_peers
        mapfile -t peers < <(peer_options)
        ;;
    write | login) install_for_bench taskset ;;
    refresh) install_for_bench pgbench taskset ;;
    history | flood) install_for_bench taskset ;;
    etl) services=(elasticsearch) ;;
    movies)
        services+=(elasticsearch)
        install_for_bench taskset
        ;;
    policies)
        SQLX_OFFLINE=true cargo bench -p policies
        return
        ;;
    '') die "bench needs a name: $(bench_names)" ;;
    *) die "unknown benchmark '$name'; known: $(bench_names)" ;;
    esac
    borrow_services "${services[@]}"
    say 'bench: building the workspace with the release profile (about 15 minutes on two cores the first time)'
    # One build of everything, whose binary runs directly: `cargo run -p bench` would resolve other features for the
    # dependencies, and compile them all again.
    SQLX_OFFLINE=true cargo build --locked --release --workspace --bins
    "${CARGO_TARGET_DIR:-$root/target}/release/bench" "$@" "${peers[@]}"
}

# Before the build, so that nobody waits for it in order to hear what is missing.
install_for_bench() {
    say "bench: needs PostgreSQL, Redis, $*"
    install_missing "$@"
}
