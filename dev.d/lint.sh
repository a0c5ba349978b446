# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# `./dev lint`. A check whose tool is not available is skipped, and the output says so.

lint() {
    borrow_services postgres
    export SQLX_OFFLINE=true
    step 'format' cargo fmt --all --check
    step 'wording' banned_words
    step '.sqlx' sqlx_is_current
    step 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
    lint_shell
    lint_compose
    lint_dependencies
    say 'lint: passed'
}

step() {
    say "lint: $1"
    shift
    "$@"
}

skip() { say "lint: $1 SKIPPED: $2"; }

lint_shell() {
    if can_install; then install_missing shellcheck; fi
    if ! has shellcheck; then
        skip 'shell scripts' 'on Debian: apt-get install shellcheck'
        return
    fi
    step 'shell scripts' shellcheck -x dev dev.d/*.sh .ci/run
}

# With the parser of `docker compose`, a Go package that needs no engine.
lint_compose() {
    if ! has go; then
        skip 'docker-compose.yml' 'its parser is a Go package, and Go is missing'
        return
    fi
    step 'docker-compose.yml' compose_loads docker-compose.yml
    step 'docker-compose.yml with dev.d/services.yml' compose_loads docker-compose.yml dev.d/services.yml
}

compose_loads() {
    local files=("${@/#/$root/}")
    (cd dev.d/compose-check && POSTGRES_PASSWORD=x REDIS_PASSWORD=x ELASTIC_PASSWORD=x AUTH_SECRET=x \
        go run . "${files[@]}")
}

lint_dependencies() {
    if ! cargo deny --version >/dev/null 2>&1; then
        skip 'dependencies' 'cargo install --locked cargo-deny'
        return
    fi
    step 'dependencies' cargo deny --log-level error check bans licenses sources
    if ! timeout 120 cargo deny --log-level error fetch db >/dev/null 2>&1; then
        skip 'advisories' 'their database cannot be downloaded from here'
        return
    fi
    step 'advisories' cargo deny --log-level error check advisories
}
