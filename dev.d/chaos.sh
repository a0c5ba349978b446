# shellcheck shell=bash
# shellcheck disable=SC2154 # root, state, run, all_services: set in `dev`, state.sh and services.sh
#
# `./dev chaos`: faults under load, with stores of its own, since they are killed. `./dev chaos store …` is how the
# program chaos/ starts and disturbs them.

chaos() {
    local profile=debug build=()
    if [[ ${1:-} == store ]]; then
        chaos_use_folder
        chaos_store "${@:2}"
        return
    fi
    if [[ ${1:-} == --release ]]; then
        profile=release build=(--release)
        shift
    fi
    chaos_install
    say "chaos: building the workspace ($profile)"
    SQLX_OFFLINE=true cargo build --locked --workspace --bins "${build[@]}"
    chaos_prepare
    "${CARGO_TARGET_DIR:-$root/target}/$profile/chaos" --dev "$root/dev" --logs "$state/logs" "$@" 7>&- || return
}

# A state folder of its own, so that neither `up` nor `down` has to do with these stores.
chaos_use_folder() {
    state=$root/.dev/chaos
    run=$(readlink -f "$state/run")
}

chaos_install() {
    lock
    install_missing "${all_services[@]}" nginx
    [[ -d $(elasticsearch_home) ]] || unpack_elasticsearch
    unlock
}

chaos_prepare() {
    local unpacked
    unpacked=$(elasticsearch_home)
    mkdir -p "$root/.dev/chaos"
    exec 7>"$root/.dev/chaos/lock"
    flock -n 7 || die 'another ./dev chaos of this checkout is running'
    state=$root/.dev/chaos
    [[ -d $state/run ]] || make_run_folder
    chaos_use_folder
    chaos_stop
    rm -rf "$state/logs"
    # In the folder of the run, where its processes are told from others by; links cost no space.
    cp -al "$unpacked" "$run/" 2>/dev/null || cp -a "$unpacked" "$run/"
    at_exit chaos_stop
}

chaos_stop() {
    local name
    for name in "${all_services[@]}"; do stop "$name"; done
    rm -rf "${run:?}"/*
}

# chaos_store ACTION [ARGS…]
chaos_store() {
    local action=$1 pids
    shift
    case $action in
    start | stop) "$action" "$1" ;;
    signal)
        # All that work in its folder: every process of PostgreSQL has a session of its own.
        mapfile -t pids < <(working_in "$run/$1")
        kill -s "$2" "${pids[@]}"
        ;;
    urls)
        echo "127.0.0.1:$(port_of postgres)"
        echo "redis://:$(password redis)@127.0.0.1:$(port_of redis)"
        echo "http://127.0.0.1:$(port_of elasticsearch)"
        ;;
    sql) PGPASSWORD=$(password postgres) "$(postgres_bin)/psql" -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 \
        -p "$(port_of postgres)" -U postgres -d postgres -f - ;;
    redis) REDISCLI_AUTH=$(password redis) redis-cli -e -p "$(port_of redis)" "$@" ;;
    standby) as postgres touch "$run/postgres/data/standby.signal" ;;
    *) die "unknown action of chaos store: $action" ;;
    esac
}
