# shellcheck shell=bash
# shellcheck disable=SC2154 # root, state: set in `dev` and state.sh
#
# The services as containers, where a Docker engine is available.

has_engine() { has docker && timeout 10 docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; }

# Docker or local programs: decided once, and kept until `down`.
engine() {
    [[ -s $state/engine ]] || if has_engine; then echo docker; else echo local; fi >"$state/engine"
    cat "$state/engine"
}

# Every password that docker-compose.yml asks for; the programs do not run in containers here.
compose() {
    POSTGRES_PASSWORD=$(password postgres) REDIS_PASSWORD=$(password redis) ELASTIC_PASSWORD=$(password elastic) \
        AUTH_DATABASE_PASSWORD=$(password auth-role) LABELER_DATABASE_PASSWORD=$(password labeler-role) \
        MOVIE_DATABASE_PASSWORD=$(password movie-role) AUTH_ELASTIC_PASSWORD=$(password auth-user) \
        LABELER_ELASTIC_PASSWORD=$(password labeler-user) MOVIE_ELASTIC_PASSWORD=$(password movie-user) \
        AUTH_SECRET=$(<"$(secret_file auth-secret)") \
        docker compose -p "auth-dev-$(cksum <<<"$root" | cut -d' ' -f1)" \
        -f docker-compose.yml -f dev.d/services.yml "$@"
}

# Containers of a start that failed are removed; a container that was ready before is left alone.
start_containers() {
    local name before
    before=$(compose ps --services --status running)
    compose up --detach --wait "$@" 9>&- >&2 && return
    for name in "$@"; do
        grep -qx "$name" <<<"$before" || {
            compose logs --tail 20 "$name" >&2 || true
            compose rm --stop --force "$name" >&2 || true
        }
    done
    die "docker compose did not start: $*"
}

container_address() {
    case $1 in
    postgres) compose port postgres 5432 ;;
    redis) compose port redis 6379 ;;
    elasticsearch) compose port elasticsearch 9200 ;;
    esac
}
