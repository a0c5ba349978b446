# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# `./dev lint`. A step whose tool is not available is skipped, and the output says so.

lint_steps=(format wording paths layout scripts compose alerts sqlx clippy dependencies advisories)

lint() {
    local step
    (($#)) || set -- "${lint_steps[@]}"
    export SQLX_OFFLINE=true
    for step in "$@"; do
        [[ " ${lint_steps[*]} " == *" $step "* ]] || die "unknown lint step '$step'; known: ${lint_steps[*]}"
        say "lint: $step"
        "lint_$step"
    done
    say 'lint: passed'
}

skip() { say "lint: SKIPPED: $1"; }

lint_format() { cargo fmt --all --check; }

lint_wording() { banned_words; }

lint_paths() { doc_paths_exist; }

lint_layout() {
    if can_install; then install_missing python3; fi
    if ! has python3; then
        skip 'python3 is missing; on Debian: apt-get install python3'
        return
    fi
    python3 dev.d/imports.py
}

lint_scripts() {
    if can_install; then install_missing shellcheck; fi
    if ! has shellcheck; then
        skip 'shellcheck is missing; on Debian: apt-get install shellcheck'
        return
    fi
    shellcheck -x dev dev.d/*.sh .ci/run
}

# With the parser of `docker compose`, a Go package that needs no engine.
lint_compose() {
    if ! has go; then
        skip 'the parser is a Go package, and Go is missing'
        return
    fi
    compose_loads docker-compose.yml
    compose_loads docker-compose.yml dev.d/services.yml
}

compose_loads() {
    local files=("${@/#/$root/}")
    (cd dev.d/compose-check && POSTGRES_PASSWORD=x REDIS_PASSWORD=x ELASTIC_PASSWORD=x AUTH_SECRET=x \
        AUTH_DATABASE_PASSWORD=x LABELER_DATABASE_PASSWORD=x MOVIE_DATABASE_PASSWORD=x \
        AUTH_ELASTIC_PASSWORD=x LABELER_ELASTIC_PASSWORD=x MOVIE_ELASTIC_PASSWORD=x \
        go run . "${files[@]}")
}

lint_alerts() {
    if ! has promtool; then
        skip 'promtool is missing; on Debian it is in the package prometheus'
        return
    fi
    promtool check rules docs/alerts.yml >/dev/null && promtool test rules docs/alerts-tests.yml >/dev/null
}

lint_sqlx() { check_sqlx; }

lint_clippy() { cargo clippy --workspace --all-targets --locked -- -D warnings; }

lint_dependencies() {
    if ! cargo deny --version >/dev/null 2>&1; then
        skip 'cargo-deny is missing; cargo install --locked cargo-deny'
        return
    fi
    cargo deny --log-level error check bans licenses sources
}

lint_advisories() {
    if ! cargo deny --version >/dev/null 2>&1; then
        skip 'cargo-deny is missing; cargo install --locked cargo-deny'
    elif ! timeout 120 cargo deny --log-level error fetch db >/dev/null 2>&1; then
        skip 'the advisory database cannot be downloaded'
    else
        cargo deny --log-level error check advisories
    fi
}
