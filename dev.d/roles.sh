# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# `./dev roles`: the programs with exactly the roles of docker-compose.yml, on a PostgreSQL cluster of its own.

roles_cluster='' # folder and port of the cluster
roles_port=''

check_roles() {
    install_missing postgres
    borrow_services elasticsearch
    export SQLX_OFFLINE=true
    cargo build --workspace --bins
    roles_cluster=$(mktemp -d /var/tmp/auth-roles-XXXXXX)
    roles_port=$(free_port)
    at_exit discard_roles_cluster
    start_roles_cluster
    AUTH_DATABASE_PASSWORD=auth-password LABELER_DATABASE_PASSWORD=labeler-password \
        MOVIE_DATABASE_PASSWORD=movie-password sql postgres postgres -q -f compose/postgres.sql
    check_separation
    check_programs
    say 'roles: auth-server, etl-labeler and movie-api work without superuser rights, each in its own database'
}

start_roles_cluster() {
    local bin
    bin=$(postgres_bin)
    ! is_root || chown postgres "$roles_cluster"
    as postgres "$bin/initdb" -D "$roles_cluster/data" -U postgres -A trust --no-sync >/dev/null
    # As the image of docker-compose.yml does for connections from other containers.
    as postgres tee "$roles_cluster/data/pg_hba.conf" >/dev/null <<<$'local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256'
    as postgres "$bin/pg_ctl" -D "$roles_cluster/data" -w -l "$roles_cluster/log" \
        -o "-p $roles_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$roles_cluster" start >/dev/null
}

discard_roles_cluster() {
    as postgres "$(postgres_bin)/pg_ctl" -D "$roles_cluster/data" -m immediate stop >/dev/null
    rm -rf "$roles_cluster"
}

# sql ROLE DATABASE ARGS…: as the superuser over the socket, as a role over TCP with its password.
sql() {
    local role=$1 database=$2 host=127.0.0.1
    shift 2
    [[ $role != postgres ]] || host=$roles_cluster
    PGPASSWORD=$role-password psql -X -v ON_ERROR_STOP=1 -h "$host" -p "$roles_port" -U "$role" -d "$database" "$@"
}

check_separation() {
    local privileged
    privileged=$(sql postgres postgres -At -c \
        "SELECT count(*) FROM pg_roles WHERE rolname IN ('auth', 'labeler', 'movie')
         AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)")
    [[ $privileged == 0 ]] || die 'a role has rights on the whole cluster'
    for denied in 'auth labeler' 'labeler auth' 'movie auth' 'auth movie' 'movie labeler' 'auth postgres' 'labeler postgres' \
        'movie postgres' 'auth template1'; do
        # shellcheck disable=SC2086 # role and database
        ! sql $denied -c 'SELECT 1' >/dev/null 2>&1 || die "${denied% *} can connect to the database ${denied#* }"
    done
}

check_programs() {
    local url=127.0.0.1:$roles_port
    with_role() { DATABASE_URL=postgres://$1:$1-password@$url/$1 "${@:2}"; }
    with_role auth target/debug/auth-server migrate
    with_role auth target/debug/auth-server superuser create root <<<'correct horse battery staple 17'
    with_role auth target/debug/auth-server doctor
    AUTH_LISTEN=127.0.0.1:0 AUTH_OPS_LISTEN='' with_role auth serves target/debug/auth-server serve
    ETL_OPS_LISTEN=127.0.0.1:0 FILMS_INDEX=films-of-nobody with_role labeler serves target/debug/etl-labeler run
    export MOVIE_DATABASE_URL=postgres://movie:movie-password@$url/movie
    target/debug/movie-api migrate
    MOVIE_LISTEN=127.0.0.1:0 MOVIE_OPS_LISTEN='' serves target/debug/movie-api serve
}

# serves COMMAND…: the program starts, and ends without an error after SIGTERM.
serves() {
    local log=$roles_cluster/program
    "$@" 2>"$log" &
    local program=$!
    for _ in {1..300}; do
        ! has_started "$log" || break
        kill -0 "$program" 2>/dev/null || break
        sleep 0.1
    done
    kill -TERM "$program" 2>/dev/null || true
    wait "$program" || die "$* failed: $(cat "$log")"
    has_started "$log" || die "$* did not start: $(cat "$log")"
}

has_started() { grep -qE '"message":"(listening|started)"' "$1"; }
