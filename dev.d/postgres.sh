# shellcheck shell=bash
# shellcheck disable=SC2154 # run: set in state.sh
#
# A local PostgreSQL, from the newest version installed.

postgres_bin() {
    local folder newest=
    for folder in /usr/lib/postgresql/*/bin "$(dirname "$(readlink -f "$(command -v postgres)")")"; do
        [[ -x $folder/initdb && -x $folder/postgres ]] && newest=$folder
    done
    [[ -n $newest ]] && echo "$newest"
}

start_postgres() {
    local bin
    bin=$(postgres_bin)
    unlock_postgres
    [[ -e $run/postgres/created ]] || create_postgres "$bin"
    launch postgres postgres "$bin/postgres" -D "$run/postgres/data" -p "$(port_of postgres)" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c shared_buffers=256MB \
        -c log_min_messages=warning
}

create_postgres() {
    local bin=$1 folder=$run/postgres
    rm -rf "$folder/data"
    install -d -m 700 "$folder/data"
    (umask 077 && : >"$folder/password")
    ! is_root || chown postgres "$folder/data" "$folder/password"
    password postgres >"$folder/password"
    (cd "$folder" && initialize_cluster "$bin" >log 2>&1) ||
        die "cannot create a PostgreSQL cluster; log: $folder/log"
    rm "$folder/password"
    touch "$folder/created"
}

# Passwords travel in the clear, on loopback only: SCRAM costs a debug build 20 ms for each connection. Writes are much
# faster when a crash may lose data, and this server is for tests; set in the file, so that a benchmark can override it.
initialize_cluster() {
    as postgres "$1/initdb" -D "$PWD/data" -U postgres -A password --pwfile="$PWD/password" \
        -E UTF8 --locale=C.UTF-8 --no-sync &&
        printf '%s = off\n' fsync synchronous_commit full_page_writes >>data/postgresql.conf &&
        as postgres "$1/postgres" --single -D "$PWD/data" postgres <<<'CREATE DATABASE auth'
}

# A killed server leaves a lock file, which counts as valid until init has reaped the process. Its other processes end
# by themselves; as long as one of them lives, the lock is right.
unlock_postgres() {
    local deadline=$((SECONDS + 60))
    while [[ $(working_in "$run/postgres/data") ]]; do
        ((SECONDS < deadline)) || die "a killed PostgreSQL still has processes in $run/postgres/data"
        sleep 0.1
    done
    rm -f "$run/postgres/data/postmaster.pid"
}

ready_postgres() {
    local PGPASSWORD
    PGPASSWORD=$(password postgres)
    export PGPASSWORD
    timeout 10 "$(postgres_bin)/psql" -h 127.0.0.1 -p "$(port_of postgres)" -U postgres -d auth -X -q -c 'SELECT 1'
}
