# shellcheck shell=bash
# shellcheck disable=SC2154 # run: set in state.sh
#
# A local Redis that keeps nothing on disk.

start_redis() {
    local conf=$run/redis/redis.conf
    (umask 077 && : >"$conf")
    ! is_root || chown nobody "$conf"
    printf '%s\n' "bind 127.0.0.1" "port $(port_of redis)" "requirepass $(password redis)" 'save ""' 'appendonly no' \
        >"$conf"
    launch redis nobody redis-server "$conf"
}

ready_redis() {
    REDISCLI_AUTH=$(password redis) timeout 10 redis-cli -p "$(port_of redis)" ping | grep -q PONG
}
