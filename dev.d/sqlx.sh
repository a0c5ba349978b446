# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# `./dev sqlx`: .sqlx, which holds the columns and types of every query, so that builds need no database.

sqlx() {
    migrate_scratch
    check_dependencies
    sqlx_cli prepare --workspace
}

# The lint step. sqlx-cli only warns of files for queries that are no longer in the code.
check_sqlx() {
    local log=$state/sqlx-check.log
    migrate_scratch
    check_dependencies
    sqlx_cli prepare --workspace --check 2>&1 | tee "$log" >&2 ||
        die '.sqlx is out of date: run ./dev sqlx and commit .sqlx'
    ! grep -q 'potentially unused' "$log" || die '.sqlx has unused queries: run ./dev sqlx and commit .sqlx'
}

# A new database with all migrations.
migrate_scratch() {
    install_from_cargo sqlx-cli "$(sqlx_version)" --no-default-features --features postgres,rustls
    borrow_services postgres
    scratch_url=$(with_database "$DATABASE_URL" "sqlx_$$")
    at_exit drop_scratch
    sqlx_cli database create
    sqlx_cli migrate run --source migrations >/dev/null
    migrate_movie_schema
}

# movie-api's migrations have numbers and a table of their own, for which sqlx-cli would need a second database.
migrate_movie_schema() {
    install_missing psql
    { echo 'CREATE SCHEMA movie;' && cat movie-api/migrations/*.sql; } |
        psql "$scratch_url" -X -q -v ON_ERROR_STOP=1
}

# Dependencies with queries of their own, such as apalis-postgres, must compile offline, with the query data that they
# ship: the scratch database lacks their tables. Our crates may fail here, for lack of the data that is to be written.
check_dependencies() { SQLX_OFFLINE=true cargo check --workspace --keep-going --quiet 2>/dev/null || true; }

drop_scratch() { sqlx_cli database drop -y; }

sqlx_cli() {
    PATH=$state/sqlx-cli-$(sqlx_version)/bin:$PATH SQLX_OFFLINE=false DATABASE_URL=$scratch_url cargo sqlx "$@"
}

# sqlx-cli and sqlx are released together, with the same version.
sqlx_version() { sed -n '/^name = "sqlx"$/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock; }
