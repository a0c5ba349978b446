# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# Messages, exit handlers, and small predicates that every other file uses.

say() { printf '%s\n' "$*" >&2; }
die() {
    say "dev: $*"
    exit 1
}
is_root() { ((EUID == 0)); }
has() { command -v "$1" >/dev/null; }

# at_exit COMMAND: also after a failure, Ctrl-C or SIGTERM. The last one registered runs first.
exit_handlers=()
at_exit() {
    exit_handlers=("$1" "${exit_handlers[@]}")
    trap run_exit_handlers EXIT
}
run_exit_handlers() {
    local handler
    for handler in "${exit_handlers[@]}"; do "$handler" || true; done
}

# quietly NAME COMMAND…: for a command whose output matters only when it fails.
quietly() {
    local log=$state/$1.log
    shift
    "$@" </dev/null >"$log" 2>&1 9>&- || die "'$*' failed; its output is in $log"
}
