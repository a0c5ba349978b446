# shellcheck shell=bash
# shellcheck disable=SC2154 # state, root, all_services, wrong: set in state.sh, `dev`, services.sh, tour.sh
#
# `./dev demo`: the three programs on a database and an index of their own, a tour of what each caller sees (tour.sh),
# then either a running film site to explore, or (--check) an exit status that says whether every line was as expected.

demo() {
    local check=
    case ${1:-} in
    '') ;;
    --check) check=yes ;;
    *) die "demo takes --check or nothing" ;;
    esac
    demo_pids=()
    install_missing curl jq psql
    borrow_services "${all_services[@]}"
    at_exit demo_end
    demo_settings "$check"
    demo_build "$check"
    demo_data
    demo_servers
    tour
    if [[ $check ]]; then
        ((wrong == 0)) || die "the tour differs from what was expected in $wrong lines"
        say 'The tour was as expected.'
        return
    fi
    demo_urls
    demo_wait
}

# ---- setup ------------------------------------------------------------------------------------------------------

demo_settings() {
    local check=$1
    demo=demo_$$
    demo_folder=$state/$demo
    demo_server=$DATABASE_URL
    mkdir -m 700 "$demo_folder"
    [[ $check ]] || ln -sfn "$demo" "$state/demo" # the path that the README names
    export DATABASE_URL FILMS_INDEX=${demo/_/-}
    DATABASE_URL=$(with_database "$demo_server" "$demo")
    export MOVIE_DATABASE_URL=$DATABASE_URL # in a schema of its own
    AUTH_LISTEN=$(demo_address "$check" "${AUTH_LISTEN:-}" 8080)
    MOVIE_LISTEN=$(demo_address "$check" "${MOVIE_LISTEN:-}" 8000)
    demo_ops=$(demo_address "$check" "${AUTH_OPS_LISTEN:-}" 9090)
    export AUTH_LISTEN MOVIE_LISTEN AUTH_URL=http://$AUTH_LISTEN
}

# demo_address CHECK GIVEN PORT: what the caller set; otherwise the port that the documentation names, if it is free.
demo_address() {
    local check=$1 given=$2 port=$3
    if [[ $check ]] || listening "$port"; then port=$(free_port); fi
    echo "${given:-127.0.0.1:$port}"
}

# The check shares its build with the tests; the demo has a profile that compiles as fast, see Cargo.toml.
demo_build() {
    local check=$1
    say 'Building the three programs (the first time takes some minutes) …'
    if [[ $check ]]; then
        SQLX_OFFLINE=true cargo build --locked --workspace --bins
        PATH=$root/target/debug:$PATH
    else
        SQLX_OFFLINE=true cargo build --locked --profile demo -p auth-server -p etl-labeler -p movie-api
        PATH=$root/target/demo:$PATH
    fi
}

demo_data() {
    psql "$demo_server" -X -q -c "CREATE DATABASE $demo"
    auth-server migrate
    (umask 077 && head -c 18 /dev/urandom | base64 -w0 >"$demo_folder/superuser-password")
    auth-server superuser create demo <"$demo_folder/superuser-password"
    demo_client
    movie-api migrate
    etl-labeler import movie-api/catalogue.ndjson
    etl-labeler once
    demo_environment
}

# For the command line in another terminal.
demo_environment() {
    local name
    (
        umask 077
        for name in PATH DATABASE_URL REDIS_URL ELASTICSEARCH_URL FILMS_INDEX AUTH_SECRET AUTH_SECRET_FILE; do
            [[ ! ${!name:-} ]] || printf 'export %s=%q\n' "$name" "${!name}"
        done >"$demo_folder/env"
    )
}

# What movie-api authenticates itself with, to learn of deleted accounts, whose favorites it deletes.
demo_client() {
    local client
    client=$(auth-server client create movie-api --scope filter --scope evaluate --scope users:deleted)
    MOVIE_CLIENT_ID=$(sed -n 's/^client_id=//p' <<<"$client")
    MOVIE_CLIENT_SECRET=$(sed -n 's/^client_secret=//p' <<<"$client")
    export MOVIE_CLIENT_ID MOVIE_CLIENT_SECRET
}

demo_servers() {
    # movie-api names the clients of account operations.
    demo_launch auth-server "$AUTH_LISTEN" env AUTH_OPS_LISTEN="$demo_ops" AUTH_TRUSTED_PROXIES=127.0.0.1 auth-server serve
    demo_launch movie-api "$MOVIE_LISTEN" env MOVIE_OPS_LISTEN="127.0.0.1:$(free_port)" MOVIE_PUBLIC_LABELS=new movie-api serve
}

# demo_launch NAME ADDRESS COMMAND…: returns when it is ready.
demo_launch() {
    local name=$1 address=$2 deadline=$((SECONDS + 120))
    shift 2
    "$@" </dev/null >"$demo_folder/$name.log" 2>&1 8>&- &
    demo_pids+=($!)
    until curl -sf --max-time 10 -o /dev/null "http://$address/health/ready"; do
        if ((SECONDS >= deadline)) || ! kill -0 $! 2>/dev/null; then
            tail -n 20 "$demo_folder/$name.log" >&2
            die "$name is not ready on $address"
        fi
        sleep 0.1
    done
}

# ---- exploring, and the end -------------------------------------------------------------------------------------

demo_urls() {
    cat <<TEXT

Open
  http://$MOVIE_LISTEN/                   the film site, as a viewer sees it
  http://$MOVIE_LISTEN/movies/            the films that a guest may see
  http://$AUTH_LISTEN/docs                auth-server's API; sign in as "demo" with the password in
                                         ${demo_folder#"$root"/}/superuser-password
  .dev/demo/env                          settings for auth-server's command line: . .dev/demo/env
  http://$demo_ops/metrics             metrics for operators

Ctrl-C ends the demo and removes its data.
TEXT
}

demo_wait() {
    trap 'exit 0' INT TERM
    wait -n "${demo_pids[@]}" || true
    tail -n 20 "$demo_folder"/*.log >&2
    die 'a server ended'
}

demo_end() {
    trap '' INT TERM
    if ((${#demo_pids[@]})); then
        kill "${demo_pids[@]}" 2>/dev/null || true
        wait "${demo_pids[@]}" || true
    fi
    [[ ${demo_folder:-} ]] || return 0
    demo_delete_indices || true
    psql "$demo_server" -X -q -c "DROP DATABASE IF EXISTS $demo" 2>/dev/null || true
    [[ $(readlink "$state/demo") != "$demo" ]] || rm -f "$state/demo"
    rm -rf "$demo_folder"
}

# What the alias leads to, as an alias itself cannot be deleted, and the hidden index of the lease.
demo_delete_indices() {
    local index
    for index in $(curl -sf "$ELASTICSEARCH_URL/_cat/indices/$FILMS_INDEX*?h=index&expand_wildcards=all"); do
        curl -s -o /dev/null -X DELETE "$ELASTICSEARCH_URL/$index"
    done
}
