# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# `./dev sqlx`: .sqlx, which holds the columns and types of every query, so that builds need no database.

sqlx() {
    borrow_services postgres
    describe_queries "$root/target/sqlx"
    mkdir -p .sqlx
    rm -f .sqlx/query-*.json
    find target/sqlx -name 'query-*.json' -exec cp {} .sqlx/ ';'
    say "sqlx: $(find .sqlx -name 'query-*.json' | wc -l) queries in .sqlx"
}

# The lint step.
check_sqlx() {
    borrow_services postgres
    describe_queries "$root/target/sqlx"
    mkdir -p .sqlx
    diff -qr .sqlx target/sqlx >&2 || die '.sqlx does not match the queries: run ./dev sqlx and commit .sqlx'
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
    [[ $done ]] || die 'the code does not compile, or its queries do not match the migrations'
}

# By psql, not with `auth-server migrate`: the program can't be built while .sqlx lacks one of its queries.
migrate_scratch() {
    local file
    for file in migrations/*.sql; do
        psql "$1" -X -q -1 -v ON_ERROR_STOP=1 -f "$file" >/dev/null || return
    done
}

# Macros run only when their crate is compiled again, and a crate is compiled again when its profile changes.
expand_queries() {
    local url=$1 folder=$2 package arguments=()
    while read -r package; do
        arguments+=(-p "$package" --config "profile.dev.package.$package.codegen-units=$((RANDOM + 300))")
    done < <(grep -rlE '\bquery(_as|_scalar)?!\(' --include='*.rs' -- */src | cut -d/ -f1 | sort -u)
    ((${#arguments[@]})) || return 0
    CARGO_INCREMENTAL=0 DATABASE_URL=$url SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$folder \
        cargo check --locked "${arguments[@]}"
}
