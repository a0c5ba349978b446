# shellcheck shell=bash
# shellcheck disable=SC2154 # root: set in `dev`; state: set in state.sh
#
# Programs that `./dev bench peers` compares with auth-server, in pinned versions, in .dev/. What cannot be obtained is
# skipped, and said to be.

opa_version=1.22.4
openfga_version=1.22.1
casbin_version=1.43.0

# Options for the benchmark: one for each program that is there.
peer_options() {
    option_if opa "$state/opa-$opa_version/bin/opa"
    option_if openfga "$state/openfga-$openfga_version/bin/openfga"
    option_if cerbos "$(npm_folder cerbos bench/peers/cerbos)/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64"
    option_if casbin-python "$state/casbin-$casbin_version/bin/python"
    option_if casbin-go "$(casbin_go_folder)/casbin-peer"
}

option_if() { [[ ! -e $2 ]] || printf -- '--%s\n%s\n' "$1" "$2"; }

install_peers() {
    say 'bench: installs OPA, OpenFGA, Cerbos and Casbin (some minutes of compiling the first time)'
    mkdir -p "$state"
    attempt OPA install_from_go opa "$opa_version" github.com/open-policy-agent/opa
    attempt OpenFGA install_from_go openfga "$openfga_version" github.com/openfga/openfga/cmd/openfga \
        -X "github.com/openfga/openfga/internal/build.Version=v$openfga_version"
    # From npm, as its Go module replaces others, which `go install` refuses. The package exists for x86-64 only.
    attempt Cerbos install_from_npm cerbos bench/peers/cerbos
    attempt 'Casbin in Python' install_in_python casbin "$casbin_version"
    attempt 'Casbin in Go' build_casbin_go
}

# attempt NAME COMMAND…: in a subshell, as a failed installation ends it.
attempt() {
    local name=$1
    shift
    ("$@") || say "$name: SKIPPED: it cannot be installed"
}

# install_from_go NAME VERSION PACKAGE [LINKER FLAGS…]
install_from_go() {
    local name=$1 version=$2 package=$3 folder=$state/$1-$2
    shift 3
    [[ ! -e $folder/complete ]] || return 0
    has go || die 'Go is missing'
    say "$name: compiling version $version"
    rm -rf "$folder"
    GOBIN=$folder/bin GOFLAGS=-p=2 CGO_ENABLED=0 quietly "$name" go install -ldflags="-s -w $*" "$package@v$version"
    touch "$folder/complete"
}

casbin_go_folder() { echo "$state/casbin-go-$(cat bench/peers/casbin/go/{go.sum,main.go} | cksum | cut -d' ' -f1)"; }

build_casbin_go() {
    local folder
    folder=$(casbin_go_folder)
    [[ ! -e $folder/casbin-peer ]] || return 0
    has go || die 'Go is missing'
    say 'casbin-go: compiling'
    CGO_ENABLED=0 quietly casbin-go go -C bench/peers/casbin/go build -o "$folder/casbin-peer" .
}
