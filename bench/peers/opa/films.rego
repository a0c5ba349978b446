# May input.user read input.film, or each of input.films? And, for lists: which films may the user read?
# The data has an object for each role, so that every question is a lookup and none is a search.
package films

roles := data.roles[input.user]

default allow := false

allow if readable(input.film)

# One answer for each of input.films.
allowed := [answer |
	some film in input.films
	answer := is_readable(film)
]

default is_readable(_) := false

is_readable(film) if readable(film)

readable(film) if {
	not excluded(film.id)
	every label in film.labels {
		not closed(label)
	}
}

excluded(id) if {
	some role in roles
	data.excluded[role][id]
}

closed(label) if {
	some role in roles
	data.denied[role][label]
}

closed(label) if {
	data.restricted[label]
	not granted(label)
}

granted(label) if {
	some role in roles
	data.allowed[role][label]
}

# For the Compile API with input.film unknown. What is known is evaluated before `every`, whose body is not.
include if {
	closed := closed_labels
	not input.film.id in excluded_films
	every label in input.film.labels {
		not label in closed
	}
}

excluded_films := {id |
	some role in roles
	some id, _ in data.excluded[role]
}

closed_labels := {label |
	some role in roles
	some label, _ in data.denied[role]
} | {label |
	some label, _ in data.restricted
	not granted(label)
}
