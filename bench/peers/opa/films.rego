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

# All labels are restricted, so that one that no role is allowed is closed.
readable(film) if {
	not excluded(film.id)
	every label in film.labels {
		some role in roles
		data.allowed[role][label]
		not denied(label)
	}
}

excluded(id) if {
	some role in roles
	data.excluded[role][id]
}

denied(label) if {
	some role in roles
	data.denied[role][label]
}

# For the Compile API with input.film unknown. What is known is evaluated before `every`, whose body is not.
include if {
	closed := closed_labels
	not input.film.id in excluded_films
	every label in input.film.labels {
		not label in closed
	}
}

# Operations on whole sets are several times faster than comprehensions over their members.
excluded_films := names(data.excluded)

closed_labels := names(data.denied) | (object.keys(data.restricted) - names(data.allowed))

names(by_role) := union({object.keys(by_role[role]) | some role in roles})
