# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# Programs that commands need: Debian packages, and tools of pinned versions in .dev/.

# The Debian packages of the programs and services in "$@" that are missing.
missing_packages() {
    local name
    for name in "$@"; do
        case $name in
        postgres) postgres_bin >/dev/null || echo postgresql ;;
        redis) has redis-server || echo redis-server ;;
        elasticsearch)
            has curl || echo curl
            java_home >/dev/null || echo default-jre-headless
            [[ -d $(elasticsearch_home) ]] || has mvn || echo maven
            ;;
        taskset) has taskset || echo util-linux ;;
        psql) has psql || echo postgresql-client ;;
        pgbench) has_pgbench || echo postgresql ;;
        chromedriver) has chromedriver || echo chromium-driver ;;
        node) has node || echo nodejs ;;
        pgbouncer) [[ -x /usr/sbin/pgbouncer ]] || echo pgbouncer ;;
        venv) python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv ;;
        *) has "$name" || echo "$name" ;;
        esac
    done
}

# Debian's pgbench in the path is a wrapper, which is there without the program.
has_pgbench() { compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null || pgbench --version >/dev/null 2>&1; }

can_install() { is_root && has apt-get; }

install_missing() {
    local packages
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]})) || return 0
    can_install || die "missing programs; on Debian: apt-get install ${packages[*]}"
    say "installing ${packages[*]}"
    mkdir -p "$state"
    quietly apt-update apt-get update
    DEBIAN_FRONTEND=noninteractive quietly apt-install apt-get install -y --no-install-recommends "${packages[@]}"
}

# install_in_python NAME VERSION [PACKAGE…]: into a folder of its own, because test results depend on the version of each.
install_in_python() {
    local name=$1 version=$2 folder=$state/$1-$2
    shift 2
    [[ ! -e $folder/complete ]] || return 0
    install_missing python3 venv
    say "$name: installing version $version"
    rm -rf "$folder"
    quietly venv python3 -m venv "$folder"
    quietly "$name" "$folder/bin/pip" install --disable-pip-version-check "$name==$version" "$@"
    touch "$folder/complete"
}

# install_from_npm NAME FOLDER: the packages of FOLDER's lockfile, into the folder that `npm_folder` names.
install_from_npm() {
    local name=$1 source=$2 folder
    folder=$(npm_folder "$@")
    [[ ! -e $folder/complete ]] || return 0
    install_missing node npm
    say "$name: installing"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$source"/{package.json,package-lock.json,.npmrc} "$folder/"
    # Node trusts only its own list of certificate authorities unless it is told of the system's.
    NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} \
        quietly "$name" npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
    touch "$folder/complete"
}

npm_folder() { echo "$state/$1-$(cksum <"$2/package-lock.json" | cut -d' ' -f1)"; }

# install_from_cargo NAME VERSION ARGS…: not optimized, as the tools wait for others most of the time.
install_from_cargo() {
    local name=$1 version=$2 folder=$state/$1-$2
    shift 2
    [[ ! -e $folder/complete ]] || return 0
    say "$name: compiling version $version (some minutes)"
    rm -rf "$folder"
    mkdir -p "$folder"
    quietly "$name" cargo install --locked --debug --config profile.dev.debug=false --root "$folder" \
        "$name" --version "$version" "$@"
    touch "$folder/complete"
}
