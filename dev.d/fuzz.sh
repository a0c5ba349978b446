# shellcheck shell=bash
# shellcheck disable=SC2154 # root, state: set in `dev` and state.sh
#
# `./dev fuzz`: the parsers of outside input under libFuzzer. No sanitizer, so that the toolchain of the other builds
# is enough: the code has no `unsafe`, and what is looked for are panics and broken properties.

cargo_fuzz_version=0.13.2

fuzz_targets() { sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2; }

# fuzz [TARGET [SECONDS]]
fuzz() {
    local targets=() seconds=${2:-60}
    mapfile -t targets < <(fuzz_targets)
    if [[ -n ${1:-} ]]; then
        [[ " ${targets[*]} " == *" $1 "* ]] || die "unknown fuzz target '$1'; known: ${targets[*]}"
        targets=("$1")
    fi
    install_missing g++
    install_from_cargo cargo-fuzz "$cargo_fuzz_version"
    say 'fuzz: building the targets (some minutes the first time)'
    cargo_fuzz build
    local target
    for target in "${targets[@]}"; do
        fuzz_target "$target" "$seconds"
    done
}

# New inputs are kept in .dev/; an input that fails is reported with its path, and belongs into fuzz/corpus once it is
# fixed.
fuzz_target() {
    local found=$state/fuzz/$1
    mkdir -p "$found"
    say "fuzz: $1, for $2 s"
    cargo_fuzz run "$1" "$found" "fuzz/corpus/$1" -- -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1
}

cargo_fuzz() {
    local command=$1
    shift
    PATH=$state/cargo-fuzz-$cargo_fuzz_version/bin:$PATH SQLX_OFFLINE=true \
        cargo fuzz "$command" --sanitizer none --target-dir "$root/target/fuzz" "$@"
}
