# shellcheck shell=bash
# shellcheck disable=SC2154 # state, root: from `dev`, which reads this file
#
# `./dev lint` and `./dev sqlx`. A tool that is not there is left out, and the output says so.

lint() {
    borrow_services
    export SQLX_OFFLINE=true
    step 'format' cargo fmt --all --check
    step 'sqlx' sqlx_is_current
    step 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
    lint_shell
    lint_compose
    lint_dependencies
    say 'lint: all well'
}

step() {
    say "lint: $1"
    shift
    "$@"
}

lint_shell() {
    has shellcheck || {
        say 'lint: shell scripts LEFT OUT; on Debian: apt-get install shellcheck'
        return
    }
    step 'shell scripts' shellcheck -x dev dev.d/*.sh .ci/run
}

# The same parser as in `docker compose`, which needs no engine.
lint_compose() {
    has go || {
        say 'lint: docker-compose.yml LEFT OUT; it is loaded by a Go program, and there is no Go'
        return
    }
    step 'docker-compose.yml' compose_loads docker-compose.yml
    step 'docker-compose.yml with dev.d/services.yml' compose_loads docker-compose.yml dev.d/services.yml
}

compose_loads() {
    local files=("${@/#/$root/}")
    (cd dev.d/compose-check && POSTGRES_PASSWORD=x REDIS_PASSWORD=x ELASTIC_PASSWORD=x AUTH_SECRET=x \
        go run . "${files[@]}")
}

lint_dependencies() {
    cargo deny --version >/dev/null 2>&1 || {
        say 'lint: dependencies LEFT OUT; cargo install --locked cargo-deny'
        return
    }
    step 'dependencies' cargo deny --log-level error check bans licenses sources
    if ! timeout 120 cargo deny --log-level error fetch db >/dev/null 2>&1; then
        say 'lint: advisories LEFT OUT; their database cannot be fetched from here'
        return
    fi
    step 'advisories' cargo deny --log-level error check advisories
}

# ---- .sqlx ------------------------------------------------------------------------------------------------------

sqlx() {
    borrow_services
    describe_queries "$root/target/sqlx"
    mkdir -p .sqlx
    rm -f .sqlx/query-*.json
    find target/sqlx -name 'query-*.json' -exec cp {} .sqlx/ ';'
    say "sqlx: $(find .sqlx -name 'query-*.json' | wc -l) queries in .sqlx"
}

sqlx_is_current() {
    describe_queries "$root/target/sqlx"
    mkdir -p .sqlx
    diff -qr .sqlx target/sqlx >&2 || die '.sqlx is not what the queries need: run ./dev sqlx and commit .sqlx'
}

# What `cargo sqlx prepare` does: with a database and SQLX_OFFLINE_DIR the query macros write what they learn.
describe_queries() {
    local folder=$1 scratch=sqlx_$$ url done=
    install_missing psql
    rm -rf "$folder"
    mkdir -p "$folder"
    url=$(with_database "$DATABASE_URL" "$scratch")
    psql "$DATABASE_URL" -X -q -c "CREATE DATABASE $scratch"
    if migrate_scratch "$url" && expand_queries "$url" "$folder"; then done=yes; fi
    psql "$DATABASE_URL" -X -q -c "DROP DATABASE $scratch"
    [[ $done ]] || die 'the code does not compile, or its queries do not fit the migrations'
}

# By hand, not with `auth-server migrate`: the program can't be built while .sqlx lacks one of its queries.
migrate_scratch() {
    local file
    for file in migrations/*.sql; do
        psql "$1" -X -q -1 -v ON_ERROR_STOP=1 -f "$file" >/dev/null || return
    done
}

# Macros run only when their crate is compiled again, and a crate is compiled again when its profile is another one.
expand_queries() {
    local url=$1 folder=$2 package arguments=()
    while read -r package; do
        arguments+=(-p "$package" --config "profile.dev.package.$package.codegen-units=$((RANDOM + 300))")
    done < <(grep -rlE '\bquery(_as|_scalar)?!\(' --include='*.rs' -- */src | cut -d/ -f1 | sort -u)
    ((${#arguments[@]})) || return 0
    CARGO_INCREMENTAL=0 DATABASE_URL=$url SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$folder \
        cargo check --locked "${arguments[@]}"
}
