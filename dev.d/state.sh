# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`
#
# The .dev folder of this checkout: locks, secrets, installed tools, and `run`, which has a folder for each service.

state=$root/.dev

# One process at a time changes which services run. Services are started without descriptor 9, or they would hold the
# lock for as long as they live.
lock() {
    mkdir -p "$state" 2>/dev/null || true
    [[ -w $state ]] || die "cannot write $state: use a checkout of your own"
    exec 9>"$state/lock"
    flock -n 9 || {
        say 'dev: waiting for another ./dev of this checkout'
        flock 9
    }
    [[ -d $state/run ]] || make_run_folder
    run=$(readlink -f "$state/run")
}
unlock() { exec 9>&-; }

# Services that root starts run as other users, who must be able to reach their folders.
make_run_folder() {
    rm -f "$state/run"
    if is_root && ! as nobody test -x "$state"; then
        local folder
        folder=$(mktemp -d /var/tmp/auth-dev-XXXXXX)
        chmod 711 "$folder"
        ln -s "$folder" "$state/run"
    else
        mkdir "$state/run"
    fi
}

# What remains in .dev/ are tools and the unpacked Elasticsearch; a folder outside of the checkout is removed whole.
discard_data() {
    if [[ -L $state/run ]]; then rm -rf "$run" "$state/run"; else rm -rf "$run"/{postgres,redis,elasticsearch}; fi
    rm -rf "$state"/{engine,transient,*-password,auth-secret,demo_*}
}

# The path of the random secret NAME, which is generated on first use.
secret_file() {
    [[ -s $state/$1 ]] || (umask 077 && head -c 32 /dev/urandom | base64 -w0 >"$state/$1")
    echo "$state/$1"
}

# The password of a service, in characters that need no escaping in a URL.
password() {
    local file
    file=$(secret_file "$1-password")
    tr '/+' '_-' <"$file" | tr -d =
}
