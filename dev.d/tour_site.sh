# shellcheck shell=bash
# shellcheck disable=SC2154 # site, films, new, demo_folder, status, body: set in tour.sh and demo.sh
#
# The part of the demo's tour that walks through the film site's own API, as its front end uses it.

tour_site() {
    local email password access refresh
    tour_site_films
    tour_site_account
    tour_site_favorites
    tour_site_end
}

# site_line WHAT METHOD PATH STATUS [TOKEN] [JSON]: a request to the film site whose status is the value of the line.
site_line() {
    local what=$1 method=$2 path=$3 expected=$4
    request "$method" "$site$path" "${5:-}" "${6:-}"
    line "$what" "$status" "$expected" "$([[ $status == 2* ]] || field '.code // empty' 2>/dev/null)"
}

# site_value WHAT FILTER EXPECTED: a value in the last response.
site_value() { line "$1" "$(field "$2")" "$3"; }

tour_site_films() {
    local genre director film
    printf '\nThe site as a guest\n'
    site_line 'the film page' GET / 200
    site_line 'all films, without a page' GET /movies/ 200
    site_value 'films in the response' '.items | length' $((films - new))
    site_line 'a page of films' GET '/movies/?page=1' 200
    site_value 'films on it' '.items | length' 12
    site_value 'its fields' 'keys | join(",")' 'items,next,page,pages,total,total_is'
    film=$(field '.items[0].id')
    site_line 'the next page, by its cursor' GET "/movies/?cursor=$(field .next)" 200
    site_line 'page 0' GET '/movies/?page=0' 422
    site_line 'a page beyond 10,000 films' GET '/movies/?page=834' 422
    site_line 'a misspelled parameter' GET '/movies/?gener=drama' 422
    site_line 'a parameter given twice' GET '/movies/?page=1&page=2' 422
    site_line 'the newest films' GET '/movies/?page=1&status=new' 200
    site_line 'a search with filters' GET '/movies/?page=1&query=moon&year_to=1950&min_rating=7&sort=title' 200
    site_line 'one film' GET "/movies/$film" 200
    site_line 'a film that does not exist' GET /movies/no-such-film 404
    site_line 'all genres' GET /genres/ 200
    genre=$(field '.items[0].id')
    site_line 'one genre' GET "/genres/$genre" 200
    site_line 'films of the genre' GET "/movies/?page=1&genre=$genre" 200
    site_line 'directors' GET '/directors/?page=1' 200
    director=$(field '.items[0].id')
    site_line 'one director' GET "/directors/$director" 200
    site_line 'a director who does not exist' GET /directors/no-such-director 404
}

tour_site_account() {
    email=viewer@films.example password='demo only: long enough'
    printf '\nAn account of the site\n'
    local form
    form=$(jq -n --arg e "$email" --arg p "$password" '{email: $e, password: $p}')
    site_line 'sign up' POST /auth/register 201 '' "$form"
    site_line 'sign up again' POST /auth/register 409 '' "$form"
    site_line 'sign in with another password' POST /auth/login 401 '' "$(jq '.password = "not this one"' <<<"$form")"
    site_line 'sign in' POST /auth/login 200 '' "$form"
    access=$(field .access_token) refresh=$(field .refresh_token)
    site_line 'the profile' GET /user/ 200 "$access"
    site_line 'change the profile' PATCH /user/ 200 "$access" '{"first_name": "Ada", "last_name": "Lovelace"}'
    site_line 'a favorite genre that does not exist' PATCH /user/ 422 "$access" '{"favorite_genre": "no-such-genre"}'
    site_line 'a pair without its access token' PUT /auth/login 422 '' "$(jq -n --arg r "$refresh" '{refresh_token: $r}')"
    site_line 'a pair of two sessions' PUT /auth/login 401 '' \
        "$(jq -n --arg a "$subscriber" --arg r "$refresh" '{access_token: $a, refresh_token: $r}')"
    site_line 'the next pair' PUT /auth/login 200 '' \
        "$(jq -n --arg a "$access" --arg r "$refresh" '{access_token: $a, refresh_token: $r}')"
    access=$(field .access_token) refresh=$(field .refresh_token)
    site_line 'another password' PUT /user/password 204 "$access" \
        "$(jq -n --arg p "$password" '{old_password: $p, new_password: "demo only: longer than before"}')"
    site_line 'the profile as a guest' GET /user/ 401
}

tour_site_favorites() {
    local film closed
    printf '\nFavorites\n'
    request GET "$site/movies/?page=1"
    film=$(field '.items[0].id')
    request GET "$site/movies/?page=1&status=new" "$superuser"
    closed=$(field '.items[0].id')
    site_line 'add a film' POST "/favorites/movies/$film" 204 "$access"
    site_line 'add it again' POST "/favorites/movies/$film" 204 "$access"
    site_line 'add a film that is for others' POST "/favorites/movies/$closed" 403 "$access"
    site_line 'add a film that does not exist' POST /favorites/movies/no-such-film 404 "$access"
    site_line 'the favorites' GET '/favorites/movies/?page=1' 200 "$access"
    site_value 'films in the list' .total 1
    site_line 'remove it' DELETE "/favorites/movies/$film" 204 "$access"
    site_line 'favorites as a guest' GET /favorites/movies/ 401
}

tour_site_end() {
    site_line 'sign out the other devices' POST /auth/logout/others 204 "$access"
    site_line 'sign out' POST /auth/logout 204 "$access"
    site_line 'the same access token afterwards' GET /user/ 401 "$access"
}
