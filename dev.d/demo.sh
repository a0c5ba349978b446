# shellcheck shell=bash
# shellcheck disable=SC2154 # state, root: from `dev`, which reads this file
#
# `./dev demo`: the three programs on a database and an index of their own, a tour of what each caller sees, and then
# either a running film site to look at, or (--check) an exit status that says whether every line of the tour held.

demo() {
    local check=
    case ${1:-} in
    '') ;;
    --check) check=yes ;;
    *) die "demo takes --check or nothing" ;;
    esac
    wrong=0
    demo_pids=()
    borrow_services
    install_missing curl jq psql
    trap 'demo_end; return_services' EXIT
    demo_settings "$check"
    demo_build "$check"
    demo_data
    demo_servers
    tour
    if [[ $check ]]; then
        ((wrong == 0)) || die "the tour was not as expected ($wrong times)"
        say "The tour was as expected."
        return
    fi
    demo_urls
    demo_wait
}

# ---- setting up -------------------------------------------------------------------------------------------------

demo_settings() {
    local check=$1
    demo=demo_$$
    demo_folder=$state/$demo
    demo_server=$DATABASE_URL
    mkdir -m 700 "$demo_folder"
    export DATABASE_URL FILMS_INDEX=${demo/_/-}
    DATABASE_URL=$(with_database "$demo_server" "$demo")
    AUTH_LISTEN=$(demo_address "$check" "${AUTH_LISTEN:-}" 8080)
    MOVIE_LISTEN=$(demo_address "$check" "${MOVIE_LISTEN:-}" 8000)
    demo_ops=$(demo_address "$check" "${OPS_LISTEN:-}" 9090)
    export AUTH_LISTEN MOVIE_LISTEN AUTH_URL=http://$AUTH_LISTEN
}

# demo_address CHECK GIVEN PORT: what the caller set; else the port that the documentation names, if it is free.
demo_address() {
    local check=$1 given=$2 port=$3
    if [[ $check ]] || listening "$port"; then port=$(free_port); fi
    echo "${given:-127.0.0.1:$port}"
}

# A check needs no fast programs, and shares its build with the tests.
demo_build() {
    local check=$1 profile=release
    [[ ! $check ]] || profile=dev
    say "Building the three programs (the first time some minutes) …"
    SQLX_OFFLINE=true cargo build --locked --profile "$profile" -p auth-server -p etl-labeler -p movie-api
    PATH=$root/target/${profile/dev/debug}:$PATH
}

demo_data() {
    psql "$demo_server" -X -q -c "CREATE DATABASE $demo"
    auth-server migrate
    (umask 077 && head -c 18 /dev/urandom | base64 -w0 >"$demo_folder/superuser-password")
    auth-server superuser create demo <"$demo_folder/superuser-password"
    etl-labeler import movie-api/catalogue.ndjson
    etl-labeler once
}

demo_servers() {
    demo_launch auth-server "$AUTH_LISTEN" env OPS_LISTEN="$demo_ops" auth-server serve
    demo_launch movie-api "$MOVIE_LISTEN" env OPS_LISTEN="127.0.0.1:$(free_port)" movie-api serve
}

# demo_launch NAME ADDRESS COMMAND…
demo_launch() {
    local name=$1 address=$2 deadline=$((SECONDS + 30))
    shift 2
    "$@" </dev/null >"$demo_folder/$name.log" 2>&1 8>&- &
    demo_pids+=($!)
    until curl -sf -o /dev/null "http://$address/health/ready"; do
        if ((SECONDS >= deadline)) || ! kill -0 $! 2>/dev/null; then
            tail -n 20 "$demo_folder/$name.log" >&2
            die "$name is not ready on $address"
        fi
        sleep 0.1
    done
}

# ---- the tour ---------------------------------------------------------------------------------------------------

# request METHOD URL [TOKEN] [JSON]: leaves the answer in $status and $body.
request() {
    local method=$1 url=$2 token=${3:-} json=${4:-} answer
    answer=$(curl -sS -X "$method" -w '\n%{http_code}' ${token:+-H "Authorization: Bearer $token"} \
        ${json:+-H 'Content-Type: application/json' -d "$json"} "$url")
    status=${answer##*$'\n'}
    body=${answer%$'\n'*}
}

field() { jq -r "$1" <<<"$body"; }

# holds WHAT SEEN EXPECTED [REMARK]: a line of the tour.
holds() {
    local what=$1 seen=$2 expected=$3 remark=${4:-}
    if [[ $seen != "$expected" ]]; then
        wrong=$((wrong + 1))
        remark="WRONG: expected $expected"
    fi
    printf '  %-58s %6s%s\n' "$what" "$seen" "${remark:+  $remark}"
}

# How many films match an Elasticsearch query.
count() {
    curl -sS -H 'Content-Type: application/json' -d "{\"query\": $1}" "$ELASTICSEARCH_URL/$FILMS_INDEX/_count" |
        jq .count
}

# sees TOKEN: how many films the movie API lists for that caller.
sees() {
    request GET "$site/movies/?page=1" "$1"
    field .total
}

# account login|register JSON: leaves the access token in $token.
account() {
    request POST "$AUTH_URL/api/v1/auth/$1" '' "$2"
    token=$(field .access_token)
}

tour() {
    local site=http://$MOVIE_LISTEN status body token films new superuser subscriber viewer viewer_id
    tour_index
    tour_accounts
    tour_lists
    tour_grant
}

tour_index() {
    local label
    films=$(wc -l <movie-api/catalogue.ndjson)
    new=$(count '{"bool": {"should": [{"range": {"release_date": {"gt": "now-3y"}}},
        {"bool": {"must_not": {"exists": {"field": "release_date"}}}}]}}')
    printf '\nThe films in Elasticsearch\n'
    holds 'films in the index' "$(count '{"match_all": {}}')" "$films"
    holds 'of them labelled by the worker' "$(count '{"exists": {"field": "access.labelled_at"}}')" "$films"
    while read -r label; do
        if [[ $label == new ]]; then
            holds 'label new' "$(count '{"term": {"access.labels": "new"}}')" "$new" 'released within the last three years'
        else
            printf '  %-58s %6s\n' "label $label" "$(count "{\"term\": {\"access.labels\": \"$label\"}}")"
        fi
    done < <(sed -n 's/^name *= *"\([^"]*\)".*/\1/p' policies/labels.toml)
}

# Three accounts: who has just signed up, who subscribed, who may do everything.
tour_accounts() {
    local password
    password=$(<"$demo_folder/superuser-password")
    account login "$(jq -n --arg p "$password" '{login: "demo", password: $p}')"
    superuser=$token
    account register '{"login": "subscriber", "password": "demo only: long enough"}'
    subscriber=$token
    request PUT "$AUTH_URL/api/v1/users/$(field .user.id)/roles/subscriber" "$superuser"
    account register '{"login": "viewer", "password": "demo only: long enough"}'
    viewer=$token
    viewer_id=$(field .user.id)
}

tour_lists() {
    printf '\nHow many of them GET /movies/ lists\n'
    holds 'for a guest' "$(sees '')" $((films - new)) 'all but the new ones'
    holds 'for someone who signed up' "$(sees "$viewer")" $((films - new)) 'as a guest'
    holds 'for a subscriber' "$(sees "$subscriber")" "$films"
    holds 'for the superuser' "$(sees "$superuser")" "$films"
}

tour_grant() {
    local id title
    request GET "$site/movies/?status=new&page=1" "$subscriber"
    id=$(field '.items[0].id')
    title=$(field '.items[0] | "\(.title) (\(.release_date[:4]))"')
    printf '\nOne new film: %s, asked for by someone who signed up\n' "$title"
    request GET "$site/movies/$id" "$viewer"
    holds "GET /movies/$id" "$status" 403 "$(field '"\(.detail) (\(.reason.code))"')"
    request PUT "$AUTH_URL/api/v1/users/$viewer_id/roles/subscriber" "$superuser"
    holds 'the superuser grants the role subscriber' "$status" 200 "revision $(field .revision)"
    request GET "$site/movies/$id" "$viewer"
    holds 'the same request with the same access token' "$status" 200 "$(field .title)"
    holds 'films listed with the same access token' "$(sees "$viewer")" "$films"
    request GET "$site/movies/$id"
    holds "GET /movies/$id as a guest" "$status" 403 "$(field '"\(.detail) (\(.reason.code))"')"
}

# ---- looking at it, and the end ---------------------------------------------------------------------------------

demo_urls() {
    cat <<TEXT

Open
  http://$MOVIE_LISTEN/movies/            the films that a guest may see
  http://$AUTH_LISTEN/docs                auth-server's API; sign in as "demo", the password is in
                                         ${demo_folder#"$root"/}/superuser-password
  http://$demo_ops/metrics             what operators see

Ctrl-C ends the demo and removes its data.
TEXT
}

demo_wait() {
    trap 'exit 0' INT TERM
    wait -n "${demo_pids[@]}" || true
    tail -n 20 "$demo_folder"/*.log >&2
    die "a server ended"
}

demo_end() {
    trap '' INT TERM
    if ((${#demo_pids[@]})); then
        kill "${demo_pids[@]}" 2>/dev/null || true
        wait "${demo_pids[@]}" || true
    fi
    [[ ${demo_folder:-} ]] || return 0
    curl -s -o /dev/null -X DELETE "$ELASTICSEARCH_URL/$FILMS_INDEX" || true
    psql "$demo_server" -X -q -c "DROP DATABASE IF EXISTS $demo" 2>/dev/null || true
    rm -rf "$demo_folder"
}
