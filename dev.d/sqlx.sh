# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# `./dev sqlx`: .sqlx, which holds the columns and types of every query, so that builds need no database.

sqlx() { prepare_queries; }

# The lint step.
check_sqlx() { prepare_queries --check || die '.sqlx is not up to date: run ./dev sqlx and commit .sqlx'; }

# With sqlx-cli, on a new database that has the migrations.
prepare_queries() {
    install_from_cargo sqlx-cli "$(sqlx_version)" --no-default-features --features postgres,rustls
    borrow_services postgres
    scratch_url=$(with_database "$DATABASE_URL" "sqlx_$$")
    at_exit drop_scratch
    sqlx_cli database create && sqlx_cli migrate run --source migrations >/dev/null &&
        sqlx_cli prepare --workspace "$@"
}

drop_scratch() { sqlx_cli database drop -y; }

sqlx_cli() {
    PATH=$state/sqlx-cli-$(sqlx_version)/bin:$PATH SQLX_OFFLINE=false DATABASE_URL=$scratch_url cargo sqlx "$@"
}

# sqlx-cli and sqlx are released together, with the same version.
sqlx_version() { sed -n '/^name = "sqlx"$/{n;s/^version = "\(.*\)"/\1/p}' Cargo.lock; }
