# shellcheck shell=bash
# shellcheck disable=SC2154 # state, all_services: set in state.sh and services.sh
#
# `./dev test`: every test, against real services and the programs as built.

schemathesis_version=4.32.5
aiosmtpd_version=1.4.6
oidc_provider=tests/oidc-provider # the OpenID provider that users of the tests sign in with

# Always --workspace: for a part of it cargo may build the dependencies again, with other features.
run_tests() {
    local suites
    install_test_tools
    borrow_services "${all_services[@]}"
    export SQLX_OFFLINE=true
    cargo build --workspace --bins # tests start the programs themselves
    if (($#)); then
        cargo test --workspace "$@"
        return
    fi
    mapfile -t suites < <(test_suites | grep -vx api) # the contract suite runs it
    cargo test --workspace --lib --bins
    cargo test --workspace --doc
    cargo test --workspace "${suites[@]/#/--test=}"
}

install_test_tools() {
    install_missing jq redis openssl chromium chromedriver
    install_in_python schemathesis "$schemathesis_version"
    install_in_python aiosmtpd "$aiosmtpd_version"
    install_from_npm oidc-provider "$oidc_provider"
    install_catalogues
    export SCHEMATHESIS=$state/schemathesis-$schemathesis_version/bin/schemathesis
    export AIOSMTPD=$state/aiosmtpd-$aiosmtpd_version/bin/python
    OIDC_PROVIDER=$(npm_folder oidc-provider "$oidc_provider")
    export OIDC_PROVIDER
    FILM_CATALOGUES=$(catalogues_folder)
    export FILM_CATALOGUES
}

test_suites() {
    cargo metadata --no-deps --format-version 1 |
        jq -r '.packages[].targets[] | select(.kind == ["test"]).name'
}
