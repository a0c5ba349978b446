# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# Keycloak, for tests/field/keycloak.rs, from Maven Central. If it cannot be installed, its test is skipped, and said to be.

keycloak_version=26.5.6

keycloak_home() { echo "$state/keycloak-$keycloak_version"; }

# Its folder, if it is installed.
keycloak_folder() { [[ ! -e $(keycloak_home)/complete ]] || keycloak_home; }

install_keycloak() {
    [[ ! -e $(keycloak_home)/complete ]] || return 0
    say "keycloak: unpacking version $keycloak_version (a download of 170 MB the first time)"
    rm -rf "$(keycloak_home)"
    if ! has mvn || ! unpack_keycloak >"$state/keycloak.log" 2>&1 </dev/null; then
        say "keycloak: SKIPPED: it cannot be installed; the output is in $state/keycloak.log"
    fi
}

keycloak() { JAVA_HOME=$(java_home) "$(keycloak_home)/bin/kc.sh" "$@"; }

# Built once, with a database that has its schema and an administrator, which each start copies.
unpack_keycloak() {
    local folder
    folder=$(mktemp -d "$state/keycloak-XXXXXX")
    (
        cd "$folder" || exit # the plugin writes marker files into its working directory
        mvn -q -B --strict-checksums org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack \
            -Dartifact="org.keycloak:keycloak-quarkus-dist:$keycloak_version:zip" -DoutputDirectory="$folder"
    ) &&
        mv "$folder/keycloak-$keycloak_version" "$(keycloak_home)" &&
        keycloak build --db=dev-file --cache=local &&
        KEYCLOAK_PASSWORD="admin" keycloak bootstrap-admin user --optimized --username admin --password:env KEYCLOAK_PASSWORD &&
        touch "$(keycloak_home)/complete"
    local status=$?
    rm -rf "$folder"
    return "$status"
}
