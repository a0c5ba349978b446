//! "Did you mean …?"

/// Names less similar than this are no help; 1 is equal.
const SIMILAR: f64 = 0.75;

/// True if `name` is `known` with a typing error or two: one in the whole, or at most one in each word.
#[must_use]
pub fn is_near_miss(name: &str, known: &str) -> bool {
    let words = || name.split('_').zip(known.split('_'));
    let as_many = name.split('_').count() == known.split('_').count();
    name != known
        && (strsim::damerau_levenshtein(name, known) == 1
            || (as_many
                && words().all(|(one, other)| strsim::damerau_levenshtein(one, other) <= 1)))
}

/// The name that was probably meant by `name`, if one is similar enough.
#[must_use]
pub fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |known| (strsim::normalized_damerau_levenshtein(known, name), known);
    let closest = names.into_iter().map(similarity).max_by(|a, b| a.0.total_cmp(&b.0))?;
    // A transposition makes much of a short name.
    let is_typo = closest.1.len() >= 3 && is_near_miss(name, closest.1);
    (closest.0 >= SIMILAR || is_typo).then_some(closest.1)
}

#[cfg(test)]
mod tests {
    use super::is_near_miss;

    #[test]
    fn a_near_miss_has_at_most_one_error_in_a_word() {
        for name in ["FILMS_INDX", "FILM_INDXE", "FILMSINDEX", "FILMS_INDEXES"] {
            assert_eq!(is_near_miss(name, "FILMS_INDEX"), name != "FILMS_INDEXES", "{name}");
        }
        for other in ["DATABASE_URL", "DATABASE_SSL", "DATABASE_USER", "MOVIE_DATABASE_URL"] {
            assert!(!is_near_miss(other, "DATABASE_URL"), "{other}");
        }
    }
}
