# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# PgBouncer for tests/field/pgbouncer.rs. That of Debian 12 does not know prepared statements: beside it, that of Debian 13 is
# compiled from Debian's source. If it cannot be, its tests are skipped, and said to be.

pgbouncer_release=trixie

pgbouncer_folder() { echo "$state/pgbouncer-$pgbouncer_release"; }

# The newest that is installed.
pgbouncer_program() {
    if [[ -x $(pgbouncer_folder)/pgbouncer ]]; then echo "$(pgbouncer_folder)/pgbouncer"; else echo /usr/sbin/pgbouncer; fi
}

install_pgbouncer() {
    install_missing pgbouncer
    [[ ! -x $(pgbouncer_folder)/pgbouncer ]] && knows_no_prepared_statements || return 0
    say "pgbouncer: compiling that of Debian $pgbouncer_release"
    if ! can_install || ! build_pgbouncer >"$state/pgbouncer.log" 2>&1 </dev/null; then
        say "pgbouncer: SKIPPED: it cannot be compiled; the output is in $state/pgbouncer.log"
    fi
}

knows_no_prepared_statements() { /usr/sbin/pgbouncer --version | grep -qE 'PgBouncer 1\.(1?[0-9]|20)(\.|$)'; }

build_pgbouncer() {
    local folder
    folder=$(mktemp -d "$state/pgbouncer-XXXXXX")
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc make pkg-config libevent-dev libssl-dev &&
        (cd "$folder" && download_pgbouncer && tar --strip-components=1 -xf pgbouncer_*.orig.tar.* &&
            ./configure --without-cares && make pgbouncer) &&
        mkdir -p "$(pgbouncer_folder)" &&
        mv "$folder/pgbouncer" "$(pgbouncer_folder)/pgbouncer"
    local status=$?
    rm -rf "$folder"
    return "$status"
}

# Into the working directory, from where apt is set up to get Debian's packages, without a change to that setup.
download_pgbouncer() {
    local options=(-o "Dir::Etc::sourcelist=$PWD/sources.list" -o Dir::Etc::sourceparts=-
        -o "Dir::State::lists=$PWD/lists" -o "Dir::Cache=$PWD/cache" -o APT::Sandbox::User=root)
    apt-get indextargets --format "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \$(REPO_URI) \
$pgbouncer_release main" 'Label: Debian' 'Identifier: Packages' | sort -u >sources.list
    mkdir -p lists/partial cache/archives/partial
    apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only pgbouncer
}
