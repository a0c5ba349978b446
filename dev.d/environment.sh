# shellcheck shell=bash
# shellcheck disable=SC2154 # state, all_services: set in state.sh and services.sh
#
# `./dev env`: the URLs of the services, from the caller's environment or of what `up` started.

declare -A url_variables=([postgres]=DATABASE_URL [redis]=REDIS_URL [elasticsearch]=ELASTICSEARCH_URL)

# All or nothing: the caller evaluates what is printed.
print_environment() {
    local name
    lock
    for name in "${all_services[@]}"; do
        if is_provided "$name"; then require_provided "$name"; fi
    done
    load_environment "${all_services[@]}"
    unlock
    for name in DATABASE_URL MOVIE_DATABASE_URL REDIS_URL ELASTICSEARCH_URL AUTH_SECRET_FILE; do
        if [[ ${!name:-} ]]; then printf 'export %s=%q\n' "$name" "${!name}"; fi
    done
}

# Exports the URLs of the services "$@", and a secret for auth-server.
load_environment() {
    local name url
    for name in "$@"; do
        is_provided "$name" && continue
        url=$(service_url "$name") || exit
        export "${url_variables[$name]}=$url"
    done
    # movie-api has a schema of its own, in any database.
    if [[ ${DATABASE_URL:-} ]]; then export MOVIE_DATABASE_URL=${MOVIE_DATABASE_URL:-$DATABASE_URL}; fi
    if [[ ! ${AUTH_SECRET:-} && ! ${AUTH_SECRET_FILE:-} ]]; then
        AUTH_SECRET_FILE=$(secret_file auth-secret)
        export AUTH_SECRET_FILE
    fi
}

# The URL of a service that `up` started.
service_url() {
    local name=$1 engine address password
    [[ -s $state/engine ]] || die "$name is not running; start it with: ./dev up"
    engine=$(engine)
    if [[ $engine == docker ]]; then
        address=$(container_address "$name") || die "$name has no running container; start it with: ./dev up"
    else
        running "$name" || die "$name is not running; start it with: ./dev up"
        address=127.0.0.1:$(port_of "$name") || die "$name has no port; start it with: ./dev up"
    fi
    [[ $address =~ ^[^:]+:[0-9]+$ ]] || die "$name has no address ('$address'); start it with: ./dev up"
    case $engine-$name in
    docker-elasticsearch) password=$(password elastic) ;;
    *) password=$(password "$name") ;;
    esac
    case $engine-$name in
    *-postgres) echo "postgres://postgres:$password@$address/auth" ;;
    *-redis) echo "redis://:$password@$address" ;;
    docker-elasticsearch) echo "http://elastic:$password@$address" ;;
    local-elasticsearch) echo "http://$address" ;;
    esac
}

# ---- URLs that the caller's environment provides ----------------------------------------------------------------

is_provided() {
    local variable=${url_variables[$1]}
    [[ ${!variable:-} ]]
}

# Names the variable whose server doesn't answer; the URL itself may hold a password, and is not shown.
require_provided() {
    local variable=${url_variables[$1]} host port
    read -r port host < <(endpoint "${!variable}")
    [[ $host ]] || return 0
    answers "$host" "$port" ||
        die "$variable is set, but no server answers on $host:$port: start that server, or unset $variable"
}

# endpoint URL: its port and host; no host for a Unix socket.
endpoint() {
    local scheme=${1%%://*} authority=${1#*://} host port
    authority=${authority%%[/?#]*}
    authority=${authority##*@}
    authority=${authority%%,*} # of several hosts the first
    host=${authority%:*}
    port=${authority##*:}
    if [[ ! $authority =~ :[0-9]+$ ]]; then
        host=$authority
        case $scheme in
        postgres | postgresql) port=5432 ;;
        *+sentinel) port=26379 ;;
        redis*) port=6379 ;;
        https) port=443 ;;
        *) port=80 ;;
        esac
    fi
    host=${host#\[}
    echo "$port ${host%\]}"
}

# shellcheck disable=SC2016 # expanded by the inner bash
answers() { timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; }

# with_database URL NAME: another database of the same server.
with_database() {
    local server=${1%%\?*} options=
    [[ $1 != *\?* ]] || options="?${1#*\?}"
    echo "${server%/*}/$2$options"
}
