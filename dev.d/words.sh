# shellcheck shell=bash
#
# Banned words: banned-words.tsv lists wording that is not the field's, and what to write instead.

word_list=dev.d/banned-words.tsv
word_files=('*.rs' '*.md' '*.toml' '*.sql' '*.sh' '*.yml' '*.csv' '*.conf' '*.json' '*.html' '*.txt' '*.j2' '*.lua'
    dev .ci/run Dockerfile ':!.sqlx' ':!*package-lock.json' ':!auth-server/src/password/*.txt')

banned_words() {
    local findings
    if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        skip 'this is not a git checkout'
        return
    fi
    findings=$(find_banned_words)
    [[ $findings ]] || return 0
    say "$findings"
    die "$(wc -l <<<"$findings") banned words; $word_list says why, and holds the exceptions"
}

# FILE:LINE: MATCH → REPLACEMENT: REASON, for each finding.
find_banned_words() {
    local pattern replacement reason exempt
    while IFS=$'\t' read -r pattern replacement reason exempt; do
        [[ $pattern && $pattern != \#* ]] || continue
        read -ra exempt <<<"$exempt"
        word_matches "$pattern" "${exempt[@]/#/:!}" |
            while IFS=: read -r file line match; do
                ! is_old_name "$file" "$line" "$match" || continue
                printf '%s:%s: %s → %s: %s\n' "$file" "$line" "$match" "$replacement" "$reason"
            done
    done <"$word_list"
}

# The CHANGELOG lists names old → new: the first cell of a table row may hold a banned word in backquotes.
is_old_name() {
    local file=$1 line=$2 match=$3
    [[ $file == CHANGELOG.md ]] && sed -n "${line}p" "$file" | grep -qP "^\\| [^|]*\`[^|\`]*\Q$match\E[^|\`]*\`"
}

# Whole words and phrases only. Within an identifier `_`, digits and capitals separate words.
word_matches() {
    local pattern=$1 begin='(?<![A-Za-z])|(?<=[a-z])(?=[A-Z])' end='(?![A-Za-z])|(?<=[a-z])(?=[A-Z])'
    shift
    git grep -noIP -e "($begin)(?i:$pattern)($end)" -- "${word_files[@]}" "$@" || (($? == 1))
}
