# shellcheck shell=bash
#
# Documentation that names files stays true: every relative link, and every path in backquotes that starts with a folder
# of this repository, exists. Names with `<`, `{`, `*` or `NNNN` are patterns, not paths.

doc_paths_exist() {
    local file path missing=0
    while read -r file; do
        while read -r path; do
            [[ -e $path || -e $(dirname "$file")/$path ]] && continue
            say "$file names $path, which does not exist"
            missing=1
        done < <(paths_of "$file" | sort -u)
    done < <(git ls-files '*.md')
    ((missing == 0)) || die 'documentation names files that do not exist'
}

# shellcheck disable=SC2016 # a literal backquote
paths_of() {
    {
        grep -oP '\]\(\K[^)#:]+(?=(#[^)]*)?\))' "$1"
        grep -oP '`\K(auth-server|etl-labeler|movie-api|policies|service|tests|bench|docs|migrations|dev\.d)/[^`]*(?=`)' "$1"
    } | grep -vE '[<{*:, ]|NNNN' || true
}
