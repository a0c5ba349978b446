# shellcheck shell=bash
# shellcheck disable=SC2154 # run, state, url_variables: set in state.sh and environment.sh
#
# `./dev up` and `./dev down`, and services on loan to a command that needs them.

all_services=(postgres redis elasticsearch)

up() {
    lock
    start_services "${all_services[@]}"
    rm -f "$state/transient"
    unlock
}

down() {
    lock
    stop_services
    unlock
}

# Those of "$@" that the environment doesn't provide; those that it provides must answer.
start_services() {
    local name missing=()
    at_exit stop_unfinished
    for name in "$@"; do
        if is_provided "$name"; then require_provided "$name"; else missing+=("$name"); fi
    done
    ((${#missing[@]})) || return 0
    if [[ $(engine) == docker ]]; then
        start_containers "${missing[@]}"
        return
    fi
    install_missing "${missing[@]}"
    for name in "${missing[@]}"; do start "$name"; done
}

stop_services() {
    local name
    [[ -s $state/engine ]] || return 0
    if [[ $(engine) == docker ]]; then
        compose down --volumes >&2
    else
        for name in "${all_services[@]}"; do stop "$name"; done
    fi
    discard_data
}

# For a command that needs the services "$@". Services that were not started by `up` are transient: they end with the
# last command that uses them.
borrow_services() {
    lock
    [[ -s $state/engine ]] || touch "$state/transient"
    exec 8>"$state/users"
    flock -s 8
    at_exit return_services
    start_services "$@"
    load_environment "$@"
    unlock
}

return_services() {
    lock
    if [[ -e $state/transient ]] && flock -n -x 8; then stop_services; fi
    exec 8>&-
    unlock
}
