#!/usr/bin/env bash
# Creates or updates the users of Elasticsearch: auth-server and movie-api may only read the films, etl-labeler may write
# and map them.
# The passwords are hexadecimal, so that they need no escapes.
set -euo pipefail

put() {
    curl -sS --fail-with-body -o /dev/null -u "elastic:$ELASTIC_PASSWORD" -X PUT -H 'Content-Type: application/json' \
        --data-binary @- "$ELASTICSEARCH_SERVER/_security/$1"
}

# Usage: user NAME PASSWORD INDICES PRIVILEGES. The user's role has the same name.
user() {
    put "role/$1" <<<"{\"indices\": [{\"names\": [$3], \"privileges\": [$4]}]}"
    put "user/$1" <<<"{\"password\": \"$2\", \"roles\": [\"$1\"]}"
}

user auth-server "$AUTH_ELASTIC_PASSWORD" "\"$FILMS_INDEX\"" '"read", "view_index_metadata"'
user movie-api "$MOVIE_ELASTIC_PASSWORD" "\"$FILMS_INDEX\"" '"read", "view_index_metadata"'
# `manage` is for creating the indices behind the alias, their mapping, aliases and refreshes.
user etl-labeler "$LABELER_ELASTIC_PASSWORD" "\"$FILMS_INDEX\", \"$FILMS_INDEX-*\"" '"read", "write", "manage"'
