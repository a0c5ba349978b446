# shellcheck shell=bash
# shellcheck disable=SC2154 # demo_folder: set in demo.sh
#
# The demo's tour: what each caller sees through the running programs, a line each, compared with what is expected.

tour() {
    local site=http://$MOVIE_LISTEN status body token films new superuser subscriber viewer viewer_id
    wrong=0
    tour_index
    tour_accounts
    tour_lists
    tour_grant
    tour_site
}

# ---- requests and lines -----------------------------------------------------------------------------------------

# request METHOD URL [TOKEN] [JSON]: sets $status and $body to those of the response.
request() {
    local method=$1 url=$2 token=${3:-} json=${4:-} response
    response=$(curl -sS -X "$method" -w '\n%{http_code}' ${token:+-H "Authorization: Bearer $token"} \
        ${json:+-H 'Content-Type: application/json' -d "$json"} "$url")
    status=${response##*$'\n'}
    body=${response%$'\n'*}
}

# The value of a jq filter on $body.
field() { jq -r "$1" <<<"$body"; }

# line WHAT ACTUAL EXPECTED [REMARK]
line() {
    local what=$1 actual=$2 expected=$3 remark=${4:-}
    if [[ $actual != "$expected" ]]; then
        wrong=$((wrong + 1))
        remark="WRONG: expected $expected"
    fi
    printf '  %-58s %6s%s\n' "$what" "$actual" "${remark:+  $remark}"
}

# How many films match an Elasticsearch query.
count() {
    curl -sS -H 'Content-Type: application/json' -d "{\"query\": $1}" "$ELASTICSEARCH_URL/$FILMS_INDEX/_count" |
        jq .count
}

# How many films the movie API lists for the caller with this access token.
count_listed() {
    request GET "$site/movies/?page=1" "$1"
    field .total
}

# account login|register JSON: sets $token to the access token.
account() {
    request POST "$AUTH_URL/api/v1/auth/$1" '' "$2"
    token=$(field .access_token)
}

# ---- the parts of the tour --------------------------------------------------------------------------------------

tour_index() {
    local label
    films=$(wc -l <movie-api/catalogue.ndjson)
    new=$(count '{"bool": {"should": [{"range": {"release_date": {"gt": "now-3y"}}},
        {"bool": {"must_not": {"exists": {"field": "release_date"}}}}]}}')
    printf '\nThe films in Elasticsearch\n'
    line 'films in the index' "$(count '{"match_all": {}}')" "$films"
    line 'of these, labelled by the worker' "$(count '{"exists": {"field": "access.labelled_at"}}')" "$films"
    while read -r label; do
        if [[ $label == new ]]; then
            line 'label new' "$(count '{"term": {"access.labels": "new"}}')" "$new" 'released in the last three years'
        else
            printf '  %-58s %6s\n' "label $label" "$(count "{\"term\": {\"access.labels\": \"$label\"}}")"
        fi
    done < <(sed -n 's/^name *= *"\([^"]*\)".*/\1/p' policies/labels.toml)
}

# Three accounts: a superuser, a subscriber, and a viewer who has just signed up.
tour_accounts() {
    local password
    password=$(<"$demo_folder/superuser-password")
    account login "$(jq -n --arg p "$password" '{login: "demo", password: $p}')"
    superuser=$token
    account register '{"login": "subscriber", "password": "demo only: long enough"}'
    subscriber=$token
    request PUT "$AUTH_URL/api/v1/users/$(field .user.id)/roles/subscriber" "$superuser"
    account register '{"login": "viewer", "password": "demo only: long enough"}'
    viewer=$token
    viewer_id=$(field .user.id)
}

tour_lists() {
    printf '\nHow many of them GET /movies/ lists\n'
    line 'for a guest' "$(count_listed '')" $((films - new)) 'all but the new ones'
    line 'for a user without roles' "$(count_listed "$viewer")" $((films - new)) 'as for a guest'
    line 'for a subscriber' "$(count_listed "$subscriber")" "$films"
    line 'for the superuser' "$(count_listed "$superuser")" "$films"
}

tour_grant() {
    local id title
    request GET "$site/movies/?status=new&page=1" "$subscriber"
    id=$(field '.items[0].id')
    title=$(field '.items[0] | "\(.title) (\(.release_date[:4]))"')
    printf '\nOne new film, %s, requested by the user without roles\n' "$title"
    request GET "$site/movies/$id" "$viewer"
    line "GET /movies/$id" "$status" 403 "$(field '"\(.detail) (\(.reason.code))"')"
    request PUT "$AUTH_URL/api/v1/users/$viewer_id/roles/subscriber" "$superuser"
    line 'the superuser grants the role subscriber' "$status" 200 "revision $(field .revision)"
    request GET "$site/movies/$id" "$viewer"
    line 'the same request with the same access token' "$status" 200 "$(field .title)"
    line 'films listed with the same access token' "$(count_listed "$viewer")" "$films"
    request GET "$site/movies/$id"
    line "GET /movies/$id as a guest" "$status" 403 "$(field '"\(.detail) (\(.reason.code))"')"
}
